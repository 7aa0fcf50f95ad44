/** Sets of rows that are one another's duplicates. */
export interface DuplicateCluster {
  /** Row numbers in ascending order, 2 or more. */
  readonly rows: readonly number[];
  /** Smallest similarity of the links that hold the cluster together. */
  readonly minSimilarity: number;
}

/** Two rows and how similar they are. */
export interface Link {
  readonly a: number;
  readonly b: number;
  readonly similarity: number;
}

/** Connected components of the links (union-find), largest first, then by first row. */
export function clusterLinks(links: Iterable<Link>): DuplicateCluster[] {
  const parent = new Map<number, number>();
  const find = (start: number): number => {
    let root = start;
    for (let up = parent.get(root); up !== undefined && up !== root; up = parent.get(root)) root = up;
    // Path compression keeps long chains of near-identical frames from costing a square.
    for (let at = start; at !== root; ) {
      const up = parent.get(at) ?? root;
      parent.set(at, root);
      at = up;
    }
    parent.set(root, root);
    return root;
  };
  const kept = [...links];
  for (const { a, b } of kept) parent.set(find(a), find(b));
  const clusters = new Map<number, { rows: number[]; minSimilarity: number }>();
  for (const item of parent.keys()) {
    const root = find(item);
    const cluster = clusters.get(root) ?? { rows: [], minSimilarity: 1 };
    cluster.rows.push(item);
    clusters.set(root, cluster);
  }
  for (const { a, similarity } of kept) {
    const cluster = clusters.get(find(a));
    if (cluster !== undefined) cluster.minSimilarity = Math.min(cluster.minSimilarity, similarity);
  }
  return [...clusters.values()]
    .filter(cluster => cluster.rows.length > 1)
    .map(cluster => ({ ...cluster, rows: cluster.rows.sort((x, y) => x - y) }))
    .sort((x, y) => y.rows.length - x.rows.length || x.rows[0]! - y.rows[0]!);
}

/** Share of a cluster's pairs that are links at least where all its rows are images of one image. */
const DENSE = 0.5;

/**
 * The clusters of three rows or more most of whose pairs are links (of three rows: all): pairs and chains of look-alikes are left out.
 *
 * @param links each pair once for each of its rows that was searched for
 */
export function denseClusters(clusters: readonly DuplicateCluster[], links: readonly Link[]): DuplicateCluster[] {
  const linksOf = new Map<number, number>();
  for (const { a } of links) linksOf.set(a, (linksOf.get(a) ?? 0) + 1);
  return clusters.filter(({ rows }) => {
    const counts = rows.flatMap(item => linksOf.get(item) ?? []);
    const share = counts.reduce((sum, count) => sum + count, 0) / (counts.length * (rows.length - 1));
    return rows.length === 3 ? share >= 1 : rows.length > 3 && share > DENSE;
  });
}
