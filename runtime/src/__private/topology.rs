//! `topology()`.

use broadway_topology::Topology;

use crate::handler::Broadway;

/// The pipeline's shape. Unlike the trait's method it is not asked whether stages can share the pipeline: the impl is.
pub fn topology<P: Broadway>(pipeline: &P) -> Topology {
    pipeline.topology()
}
