//! What the queries ask of a store of tuples. Everything that one step of a query needs comes in one go, so that a store with pages per object and per
//! subject answers it with one round of reads.

use std::future::Future;

use crate::tuple::TupleCondition;

/// A question to the store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// Which of these objects have `object#relation@user` as a tuple: the pages of the objects tell, or the page of the user. Of one type, in order.
    Which {
        /// The objects, at least one.
        objects: Vec<String>,
        /// The relation.
        relation: String,
        /// As it is written in tuples.
        user: String,
    },
    /// The users of `object#relation`: usersets alone, or all.
    Users {
        /// The object.
        object: String,
        /// The relation.
        relation: String,
        /// Leave out plain objects and `type:*`. A store that cannot tell them apart may answer with more.
        usersets_only: bool,
    },
    /// The objects of a type that have `object#relation@user` as a tuple.
    Objects {
        /// The type of the objects.
        type_name: String,
        /// The relation.
        relation: String,
        /// As it is written in tuples.
        user: String,
    },
}

/// A tuple that was found, by the part that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The object ([`Ask::Which`], [`Ask::Objects`]) or the user ([`Ask::Users`]).
    pub name: String,
    /// The condition of the tuple.
    pub condition: Option<TupleCondition>,
}

/// The stored tuples, as of one revision: all reads of a query must see the same state.
pub trait Tuples {
    /// Why the store cannot answer.
    type Error;

    /// Answers questions, one answer for each in order. Whether a tuple fits the model is not the store's business.
    fn read(&self, asks: &[Ask]) -> impl Future<Output = Result<Vec<Vec<Entry>>, Self::Error>>;
}

impl<T: Tuples> Tuples for &T {
    type Error = T::Error;

    fn read(&self, asks: &[Ask]) -> impl Future<Output = Result<Vec<Vec<Entry>>, Self::Error>> {
        T::read(self, asks)
    }
}
