use super::*;

fn maker(model: &str) -> Maker {
    Maker { model: model.into(), prefix: "p: ".into() }
}

fn row(value: i8) -> Row {
    vec![value; 3].into()
}

#[test]
fn what_was_written_is_read_by_its_text() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::at(directory.path().join("below/index"));
    let keys = ["a", "b", "c"].map(key);
    assert_eq!(store.read(&maker("m"), &keys).unwrap(), Stored::default());
    store.write(&maker("m"), &[(keys[0], row(1)), (keys[1], row(-2))], false).unwrap();
    let other = Store::at(store.path().to_owned());
    let found = other.read(&maker("m"), &keys).unwrap();
    assert_eq!(found.rows, HashMap::from([(keys[0], row(1)), (keys[1], row(-2))]));
    assert_eq!(found.dimension, Some(3));
    assert_eq!(store.prune(&keys[..1]).unwrap(), 0); // as many as are needed
    store.write(&maker("m"), &[(keys[2], row(3))], false).unwrap();
    assert_eq!(store.prune(&keys[..1]).unwrap(), 2);
    assert_eq!(store.read(&maker("m"), &keys).unwrap().rows, HashMap::from([(keys[0], row(1))]));
}

#[test]
fn an_empty_file_is_as_good_as_none_and_nothing_else_is_touched() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::at(directory.path().join("index"));
    fs::write(store.path(), "").unwrap();
    assert_eq!(store.read(&maker("m"), &[]).unwrap(), Stored::default());
    assert_eq!(store.prune(&[]).unwrap(), 0);
    store.write(&maker("m"), &[(key("a"), row(1))], false).unwrap();
    assert_eq!(store.read(&maker("m"), &[key("a")]).unwrap().rows.len(), 1);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1); // nothing is left beside it

    let notes = Store::at(directory.path().join("notes.txt"));
    fs::write(notes.path(), "what I must not forget").unwrap();
    for anew in [false, true] {
        let error = notes.write(&maker("m"), &[(key("a"), row(1))], anew).unwrap_err().to_string();
        assert!(error.contains("notes.txt can't be used: "), "{error}");
    }
    assert_eq!(fs::read_to_string(notes.path()).unwrap(), "what I must not forget");

    let foreign = Store::at(directory.path().join("foreign"));
    let database = Database::create(foreign.path()).unwrap();
    let write = database.begin_write().unwrap();
    write.open_table(TableDefinition::<&str, &str>::new("sold")).unwrap().insert("a", "b").unwrap();
    write.commit().unwrap();
    drop(database);
    assert!(foreign.read(&maker("m"), &[]).is_err());
    let error = foreign.write(&maker("m"), &[(key("a"), row(1))], true).unwrap_err().to_string();
    assert!(error.contains("another program's database"), "{error}");
}

#[test]
fn anew_drops_what_another_model_made() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::at(directory.path().join("index"));
    store.write(&maker("m"), &[(key("a"), row(1))], false).unwrap();
    store.write(&maker("n"), &[(key("b"), vec![2; 5].into())], true).unwrap();
    let stored = store.read(&maker("n"), &[key("a"), key("b")]).unwrap();
    assert_eq!((stored.rows.len(), stored.dimension), (1, Some(5)));
}

#[test]
fn another_model_or_dimension_and_what_is_no_index_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::at(directory.path().join("index"));
    store.write(&maker("m"), &[(key("a"), row(1))], false).unwrap();
    let error = store.read(&maker("n"), &[]).unwrap_err().to_string();
    assert!(error.contains("made with the model `m`, not `n`\nhint: "), "{error}");
    let wide = [(key("b"), vec![1; 4].into())];
    let error = store.write(&maker("m"), &wide, false).unwrap_err().to_string();
    assert!(error.contains("the dimension `3`, not `4`"), "{error}");
    std::fs::write(store.path(), "garbage that is no database at all").unwrap();
    let error = store.read(&maker("m"), &[]).unwrap_err().to_string();
    assert!(error.contains("can't be used") && error.contains("hint: "), "{error}");
}
