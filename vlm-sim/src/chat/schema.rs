//! Replies in the JSON schema that a request asks for (structured outputs), as far as a description fits into one.

use serde_json::{Map, Value};

/// A description as an object of a schema: the first free text holds it, the others are empty; a boolean says whether
/// anybody is there; of a list of values it is the last one, where schemas put what is not known.
pub(crate) fn fill(schema: &Value, description: &str) -> String {
    let properties = schema.get("properties").and_then(Value::as_object);
    let mut text = Some(description);
    let mut object = Map::new();
    // The order of `required` is the schema's own; an object's may be sorted.
    let order =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for name in order {
        let Some(property) = properties.and_then(|properties| properties.get(name)) else { continue };
        let value = match (property.get("enum"), property.get("type").and_then(Value::as_str)) {
            (Some(values), _) => {
                values.as_array().and_then(|values| values.last()).cloned().unwrap_or_default()
            }
            (None, Some("boolean")) => Value::Bool(!description.is_empty()),
            (None, Some("string")) => Value::from(text.take().unwrap_or_default()),
            (None, Some("array")) => Value::Array(Vec::new()),
            (None, Some("integer" | "number")) => Value::from(0),
            _ => Value::Null,
        };
        object.insert(name.to_owned(), value);
    }
    Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_text_holds_the_description() {
        let schema = json!({
            "properties": {
                "there": { "type": "boolean" },
                "age": { "type": "string", "enum": ["child", "unclear"] },
                "wears": { "type": "string" },
                "holds": { "type": "string" },
            },
            "required": ["there", "age", "wears", "holds"],
        });
        let filled: Value = serde_json::from_str(&fill(&schema, "a man")).unwrap();
        assert_eq!(filled, json!({ "there": true, "age": "unclear", "wears": "a man", "holds": "" }));
        let nobody: Value = serde_json::from_str(&fill(&schema, "")).unwrap();
        assert_eq!(nobody["there"], false);
        assert_eq!(fill(&json!({}), "a man"), "{}");
    }
}
