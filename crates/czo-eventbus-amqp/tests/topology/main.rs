//! The topology of the whole system: how it is shown, and what is made of it on a broker.

mod shown;
