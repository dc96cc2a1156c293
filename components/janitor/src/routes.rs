//! What this room answers.

use crate::sweep;

web::routes! {
    POST "/janitor" => sweep::sweep,
}
