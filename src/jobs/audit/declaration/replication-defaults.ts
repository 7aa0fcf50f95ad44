/** Settings of the replication audit; docs and the command line read them from here. */
export const REPLICATION_DEFAULTS = {
  /** Share of unrelated pairs that may exceed the matching threshold. */
  falseMatchRate: 1e-5,
  /** Expected share of false ones among the called copies. */
  falseDiscoveryRate: 0.05,
  /** Relabellings of training against held-out items. */
  permutations: 999,
  /** Subtract the mean training embedding before cosines are taken. */
  centre: true,
} as const;
