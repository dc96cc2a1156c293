//! The table.

use crate::{attempt, begin, code, confirm, dev_mailbox};

web::routes! {
    POST "/magic-link" => begin::begin,
    GET "/magic-link/confirm" => confirm::show,
    POST "/magic-link/confirm" => confirm::press,
    GET "/magic-link/attempt" => attempt::poll,
    POST "/magic-link/code" => code::redeem,
    GET "/dev/mailbox" => dev_mailbox::show,
}
