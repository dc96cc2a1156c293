//! Which tuples a model takes: written ones, contextual ones, and those that an earlier model let in and this one ignores.

use super::{Kind, Plan, Relation};
use crate::error::{Code, Error};
use crate::tuple::{self, TupleCondition, TupleKey, User};

/// Why a tuple is invalid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The reason alone.
    pub(crate) reason: String,
    /// It is about the condition: other codes apply.
    pub(crate) conditional: bool,
}

fn refused(reason: impl Into<String>) -> Refused {
    Refused { reason: reason.into(), conditional: false }
}

fn conditional(reason: impl Into<String>) -> Refused {
    Refused { reason: reason.into(), conditional: true }
}

impl Refused {
    fn message(&self, tuple: &TupleKey) -> String {
        let condition = match &tuple.condition {
            Some(condition) if self.conditional => format!(" (condition {})", condition.name),
            _ => String::new(),
        };
        format!("Invalid tuple '{tuple}{condition}'. Reason: {}", self.reason)
    }

    /// As the answer to a write: 2000.
    fn on_write(&self, tuple: &TupleKey) -> Error {
        Error::validation(self.message(tuple))
    }

    /// As the answer to a contextual tuple: 2027.
    fn in_context(&self, tuple: &TupleKey) -> Error {
        let code = if self.conditional { Code::ValidationError } else { Code::InvalidTuple };
        Error::new(code, self.message(tuple))
    }
}

impl Plan {
    /// Validates what a request asks about: `user`, `relation` and `object` exist in the model.
    ///
    /// # Errors
    /// 2000.
    pub fn validate_asked(&self, object: &str, relation: &str, user: &str) -> Result<(), Error> {
        self.known(object, relation, user).map_err(|why| Error::validation(why.reason))
    }

    /// Validates a tuple that is to be written.
    ///
    /// # Errors
    /// 2000.
    pub fn validate_write(&self, tuple: &TupleKey) -> Result<(), Error> {
        self.writable(tuple).map_err(|why| why.on_write(tuple))?;
        if tuple.user == format!("{}#{}", tuple.object, tuple.relation) {
            return Err(refused("cannot write a tuple that is implicit").on_write(tuple));
        }
        let context = tuple.condition.as_ref().map(|condition| &condition.context);
        let size =
            context.map_or(0, |context| serde_json::to_string(context).map_or(usize::MAX, |text| text.len()));
        if size > tuple::MAX_CONTEXT {
            let reason = format!(
                "condition context size limit exceeded: {size} bytes exceeds {} bytes",
                tuple::MAX_CONTEXT
            );
            return Err(refused(reason).on_write(tuple));
        }
        Ok(())
    }

    /// Validates the contextual tuples of a request.
    ///
    /// # Errors
    /// 2027; 2000 where a condition is what is wrong, and for more than 100.
    pub fn validate_contextual(&self, tuples: &[TupleKey]) -> Result<(), Error> {
        if tuples.len() > tuple::MAX_CONTEXTUAL {
            return Err(Error::validation(format!(
                "invalid ContextualTupleKeys.TupleKeys: value must contain no more than {} item(s)",
                tuple::MAX_CONTEXTUAL
            )));
        }
        tuples.iter().try_for_each(|tuple| self.writable(tuple).map_err(|why| why.in_context(tuple)))
    }

    /// Whether a stored tuple still counts under this model.
    pub fn counts(&self, tuple: &TupleKey) -> bool {
        let type_name = tuple::type_of(&tuple.object);
        let relation = self.find(type_name, &tuple.relation).and_then(|id| self.get(id));
        relation.is_some_and(|relation| self.admits(relation, &tuple.user, tuple.condition.as_ref()).is_ok())
    }

    /// Form of the three fields, and their being in the model.
    fn known(&self, object: &str, relation: &str, user: &str) -> Result<(), Refused> {
        let not_found = |what: &str| refused(format!("type '{what}' not found"));
        let no_relation = |of: &str, name: &str| refused(format!("relation '{of}#{name}' not found"));
        if !tuple::is_user(user) || user.chars().count() > tuple::MAX_USER {
            return Err(refused("the 'user' field is malformed"));
        }
        let Some(parsed) = User::parse(user) else {
            return Err(refused(
                "the 'user' field must be an object (e.g. document:1) or an 'object#relation' or a typed wildcard (e.g. group:*)",
            ));
        };
        if !self.has_type(parsed.type_name()) {
            return Err(not_found(parsed.type_name()));
        }
        if let User::Userset { type_name, relation, .. } = parsed
            && self.find(type_name, relation).is_none()
        {
            return Err(no_relation(type_name, relation));
        }
        if !tuple::is_object(object) || object.chars().count() > tuple::MAX_OBJECT {
            return Err(refused("invalid 'object' field format"));
        }
        let type_name = tuple::type_of(object);
        if object.split_once(':').is_some_and(|(_, id)| id == "*") {
            return Err(refused("the 'object' field cannot reference a typed wildcard"));
        }
        if !self.has_type(type_name) {
            return Err(not_found(type_name));
        }
        if !tuple::is_relation(relation) || relation.chars().count() > tuple::MAX_RELATION {
            return Err(refused("the 'relation' field is malformed"));
        }
        if self.find(type_name, relation).is_none() {
            return Err(no_relation(type_name, relation));
        }
        Ok(())
    }

    fn writable(&self, tuple: &TupleKey) -> Result<(), Refused> {
        self.known(&tuple.object, &tuple.relation, &tuple.user)?;
        let found = self.find(tuple::type_of(&tuple.object), &tuple.relation).and_then(|id| self.get(id));
        let relation = found.ok_or_else(|| refused("the 'relation' field is malformed"))?;
        self.admits(relation, &tuple.user, tuple.condition.as_ref())
    }

    /// Whether a relation takes a user under a condition.
    pub(crate) fn admits(
        &self,
        relation: &Relation,
        user: &str,
        condition: Option<&TupleCondition>,
    ) -> Result<(), Refused> {
        let here = format_args!("{}#{}", relation.type_name, relation.name).to_string();
        let Some(parsed) = User::parse(user) else {
            return Err(refused(format!("unexpected user '{user}' with tupleset relation '{here}'")));
        };
        if relation.is_tupleset {
            match parsed {
                User::Everybody { .. } => {
                    return Err(refused(format!(
                        "unexpected wildcard relationship with tupleset relation '{here}'"
                    )));
                }
                User::Userset { .. } => {
                    return Err(refused(format!("unexpected user '{user}' with tupleset relation '{here}'")));
                }
                User::Object { .. } => {}
            }
        }
        let of = parsed.type_name();
        let kind = match parsed {
            User::Object { .. } => Some(Kind::Object),
            User::Everybody { .. } => Some(Kind::Everybody),
            User::Userset { type_name, relation, .. } => self.find(type_name, relation).map(Kind::Userset),
        };
        let mut fitting =
            relation.direct.iter().filter(|known| known.type_name == of && Some(known.kind) == kind);
        if fitting.clone().next().is_none() {
            return Err(refused(match parsed {
                User::Object { .. } => format!("type '{of}' is not an allowed type restriction for '{here}'"),
                User::Everybody { .. } => {
                    format!("the typed wildcard '{user}' is not an allowed type restriction for '{here}'")
                }
                User::Userset { relation, .. } => {
                    format!("'{of}#{relation}' is not an allowed type restriction for '{here}'")
                }
            }));
        }
        let Some(condition) = condition.filter(|condition| !condition.name.is_empty()) else {
            return match fitting.any(|known| known.condition.is_none()) {
                true => Ok(()),
                false => Err(conditional("condition is missing")),
            };
        };
        self.admits_condition(relation, of, condition)
    }

    fn admits_condition(
        &self,
        relation: &Relation,
        of: &str,
        condition: &TupleCondition,
    ) -> Result<(), Refused> {
        if condition.name.chars().any(char::is_control) {
            return Err(conditional("condition name contains forbidden characters"));
        }
        let compiled = self.condition(&condition.name).ok_or_else(|| conditional("undefined condition"))?;
        // As upstream: the type decides, not whether it is an object, a userset or everybody.
        let allowed = relation
            .direct
            .iter()
            .any(|known| known.type_name == of && known.condition.as_deref() == Some(&condition.name));
        if !allowed {
            return Err(conditional("invalid condition for type restriction"));
        }
        tuple::forbidden(&condition.context).map_err(conditional)?;
        compiled.admits(&condition.context).map_err(conditional)
    }
}
