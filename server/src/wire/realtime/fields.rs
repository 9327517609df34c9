//! Fields of clients' events, each read with its type and refused by its path.

use serde_json::{Map, Value};

/// Why an event can't be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: String,
    pub(super) message: String,
    /// The path of the field that is wrong.
    pub(super) param: Option<String>,
}

impl Fault {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), param: None }
    }

    pub(super) fn at(self, param: impl Into<String>) -> Self {
        Self { param: Some(param.into()), ..self }
    }
}

/// An object and its path. `null` counts as absent.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    path: &'a str,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(object: &'a Map<String, Value>, path: &'a str) -> Self {
        Self { object, path }
    }

    /// A field's path.
    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.into() } else { format!("{}.{name}", self.path) }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn string(&self, name: &str) -> Result<Option<&'a str>, Fault> {
        self.typed(name, "a string", Value::as_str)
    }

    pub(super) fn bool(&self, name: &str) -> Result<Option<bool>, Fault> {
        self.typed(name, "true or false", Value::as_bool)
    }

    pub(super) fn count(&self, name: &str) -> Result<Option<u64>, Fault> {
        self.typed(name, "a whole number from 0", Value::as_u64)
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<&'a Map<String, Value>>, Fault> {
        self.typed(name, "an object", Value::as_object)
    }

    pub(super) fn array(&self, name: &str) -> Result<Option<&'a Vec<Value>>, Fault> {
        self.typed(name, "an array", Value::as_array)
    }

    /// A field that the event can't do without.
    pub(super) fn needed<T>(&self, name: &str, read: Result<Option<T>, Fault>) -> Result<T, Fault> {
        read?.ok_or_else(|| {
            let path = self.path(name);
            Fault::new("missing_required_parameter", format!("The event needs `{path}`.")).at(path)
        })
    }

    /// A word of a fixed set.
    pub(super) fn named<T: std::str::FromStr>(&self, name: &str, known: &str) -> Result<Option<T>, Fault> {
        let Some(word) = self.string(name)? else { return Ok(None) };
        word.parse().map(Some).map_err(|_| {
            let path = self.path(name);
            let message = format!("`{path}` can't be `{}`; known are {known}.", short(word));
            Fault::new("invalid_value", message).at(path)
        })
    }

    fn typed<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let Some(value) = self.get(name) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| wrong_type(self.path(name), expected, value))
    }
}

pub(super) fn wrong_type(path: String, expected: &str, found: &Value) -> Fault {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "another number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    Fault::new("invalid_type", format!("`{path}` must be {expected}, not {found}.")).at(path)
}

/// The beginning of what a client wrote, to be shown to it.
pub(super) fn short(word: &str) -> String {
    word.chars().take(40).collect()
}
