//! Answers while they are being found out, what they rest on, and how operands are put together.

use crate::error::Error;

/// Whether a user has a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    /// Something that decides could not be judged.
    Failed(Error),
    /// More has to be read.
    Pending,
}

/// An answer and what it rests on.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) answer: Answer,
    /// The lowest place on the stack that is assumed empty; [`FINAL`] if none is.
    pub(super) rests_on: usize,
    /// A no that only says that there is no sensible answer.
    pub(super) undefined: bool,
}

pub(super) const FINAL: usize = usize::MAX;

impl Outcome {
    pub(super) fn of(answer: Answer) -> Self {
        Self { answer, rests_on: FINAL, undefined: false }
    }

    pub(super) fn no(rests_on: usize, undefined: bool) -> Self {
        Self { answer: Answer::No, rests_on, undefined }
    }

    /// A no that nothing can change.
    pub(super) fn is_clean_no(&self) -> bool {
        self.answer == Answer::No && self.rests_on == FINAL && !self.undefined
    }
}

/// A bound was hit; another way may still decide.
pub(super) fn too_complex() -> Outcome {
    Outcome { rests_on: 0, ..Outcome::of(Answer::Failed(Error::too_complex())) }
}

/// `or`: a yes decides, whatever else failed.
#[derive(Default)]
pub(super) struct Union {
    yes: bool,
    pending: bool,
    failed: Option<Error>,
    rests_on: Option<usize>,
    undefined: bool,
}

impl Union {
    /// Adds an operand; true if it decides.
    pub(super) fn add(&mut self, outcome: Outcome) -> bool {
        self.rests_on = Some(self.rests_on.unwrap_or(FINAL).min(outcome.rests_on));
        self.undefined |= outcome.undefined;
        match outcome.answer {
            Answer::Yes => self.yes = true,
            Answer::No => {}
            Answer::Pending => self.pending = true,
            Answer::Failed(error) => {
                self.failed.get_or_insert(error);
            }
        }
        self.yes
    }

    pub(super) fn outcome(self) -> Outcome {
        let rests_on = self.rests_on.unwrap_or(FINAL);
        if self.yes {
            return Outcome::of(Answer::Yes);
        }
        if self.pending {
            return Outcome::of(Answer::Pending);
        }
        match self.failed {
            Some(error) => Outcome { answer: Answer::Failed(error), rests_on, undefined: false },
            None => Outcome::no(rests_on, self.undefined),
        }
    }
}

/// `and`: a no decides, whatever else failed; the surest no is taken.
pub(super) fn intersection(outcomes: Vec<Outcome>) -> Outcome {
    let rank = |outcome: &Outcome| match &outcome.answer {
        Answer::No if outcome.is_clean_no() => 0,
        // It may turn out to be a surer no than those that rest on something.
        Answer::Pending => 1,
        Answer::No if !outcome.undefined => 2,
        Answer::No => 3,
        Answer::Failed(_) => 4,
        Answer::Yes => 5,
    };
    // Several that have no sensible answer rest on everything that each of them rests on.
    let undefined = outcomes.iter().filter(|outcome| outcome.answer == Answer::No && outcome.undefined);
    let rests_on = undefined.map(|outcome| outcome.rests_on).min().unwrap_or(FINAL);
    // Of several that rest on something, the one whose assumption is nearest is the first to be final.
    match outcomes.into_iter().min_by_key(|outcome| (rank(outcome), std::cmp::Reverse(outcome.rests_on))) {
        Some(outcome) if outcome.answer == Answer::No && outcome.undefined => Outcome { rests_on, ..outcome },
        Some(outcome) => outcome,
        None => Outcome::no(FINAL, false),
    }
}

/// `but not`, the base being no clean no.
pub(super) fn difference(base: Outcome, subtract: Outcome) -> Outcome {
    match (&base.answer, &subtract.answer) {
        (_, Answer::Yes) => Outcome::no(FINAL, false),
        (Answer::Pending, _) | (_, Answer::Pending) => Outcome::of(Answer::Pending),
        (Answer::No, _) => base,
        (Answer::Failed(_), _) => base,
        (_, Answer::Failed(_)) => subtract,
        (Answer::Yes, Answer::No) if subtract.is_clean_no() => Outcome::of(Answer::Yes),
        (Answer::Yes, Answer::No) => Outcome::no(subtract.rests_on, true),
    }
}
