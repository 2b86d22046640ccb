//! Places in operations of domains.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::hook_handler::exports::czo::module::hook_handler::Guest;
use crate::types::Failure;
use crate::{json, panic};

/// What the module is called for at a hook.
#[doc(inline)]
pub use crate::bindings::hook_handler::exports::czo::module::hook_handler::HookCall;

/// What becomes of the operation.
#[doc(inline)]
pub use crate::bindings::hook_handler::exports::czo::module::hook_handler::Answer;

/// Before, after or in the stead of an operation that failed.
#[doc(inline)]
pub use crate::bindings::hook_handler::exports::czo::module::hook_handler::Phase;

/// What the operation's caller is told when the module refuses it.
#[doc(inline)]
pub use crate::bindings::hook_handler::exports::czo::module::hook_handler::Refusal;

/// Takes part in the operations of `hooks` in the manifest.
pub trait HookHandler {
    /// Looks at one operation.
    ///
    /// A failure is not a refusal: the operation goes on as if the hook were not there, unless the
    /// manifest says `"onFailure": "closed"`.
    fn run(call: HookCall) -> Result<Answer, Failure>;
}

impl HookCall {
    /// The value of the operation, as a type with the fields that the hook needs.
    ///
    /// To change a value and give it back, read it into [`serde_json::Value`], or into a type that
    /// keeps the rest of it with `#[serde(flatten)]`: what the answer leaves out is gone.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        json::given(&self.point, &self.value)
    }

    /// The answer that makes the operation go on with `value`.
    pub fn changed<T: Serialize + ?Sized>(&self, value: &T) -> Result<Answer, Failure> {
        json::text(&self.point, value).map(Answer::Changed)
    }

    /// The answer that makes the operation fail; only before it. `code` is for programs and
    /// `message` for people.
    pub fn refuse(&self, code: impl Into<String>, message: impl Into<String>) -> Answer {
        Answer::Refused(Refusal { code: code.into(), message: message.into() })
    }
}

impl<T: HookHandler> Guest for T {
    fn run(call: HookCall) -> Result<Answer, String> {
        panic::to_log();
        <T as HookHandler>::run(call).map_err(|failure| failure.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Context;

    fn call(value: &str) -> HookCall {
        HookCall {
            point: "catalog.product.create".to_owned(),
            phase: Phase::Before,
            context: Context::default(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn a_value_can_be_read_changed_and_given_back() -> Result<(), Failure> {
        let call = call(r#"{"title":"A shirt"}"#);
        let mut product: serde_json::Value = call.decode()?;
        product["vendor"] = "Acme".into();
        let answer = call.changed(&product)?;
        assert_eq!(answer, Answer::Changed(r#"{"title":"A shirt","vendor":"Acme"}"#.to_owned()));
        Ok(())
    }

    #[test]
    fn a_refusal_has_a_code_and_a_message() {
        let refusal = Refusal { code: "too_cheap".to_owned(), message: "too cheap".to_owned() };
        assert_eq!(call("{}").refuse("too_cheap", "too cheap"), Answer::Refused(refusal));
    }
}
