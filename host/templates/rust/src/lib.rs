//! An app: its public methods are actions that clients call.

/// One of these is made when the app starts. Each worker has a copy, and keeps it between calls.
struct Greeter {
    greeted: u64,
}

#[dirty_guest::app]
impl Greeter {
    /// Runs once, before any call: load models here, and all workers share what was loaded.
    fn init() -> Self {
        Self { greeted: 0 }
    }

    /// Greets somebody.
    pub fn greet(&mut self, name: &str) -> String {
        self.greeted += 1;
        format!("Hello, {name}! You are number {}.", self.greeted)
    }

    /// Streams the letters of a name.
    pub fn spell(&self, name: &str) -> impl Iterator<Item = char> {
        name.chars()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dirty_guest::testing::TestApp;

    #[test]
    fn everybody_is_greeted_and_counted() -> dirty_guest::Result<()> {
        let mut app = TestApp::<Greeter>::start("{}")?;
        app.call("greet", r#"["Ada"]"#, "{}")?;
        let reply = app.call("greet", "[]", r#"{"name": "Alan"}"#)?;
        let greeting = r#""Hello, Alan! You are number 2.""#;
        assert_eq!(reply.result.as_deref(), Some(greeting));
        Ok(())
    }

    #[test]
    fn letters_come_one_by_one() -> dirty_guest::Result<()> {
        let mut app = TestApp::<Greeter>::start("{}")?;
        let reply = app.call("spell", r#"["Al"]"#, "{}")?;
        assert_eq!(reply.chunks, [r#""A""#, r#""l""#]);
        Ok(())
    }
}
