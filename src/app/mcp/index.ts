export { createMcpServer, type ServeMcpOptions, serveMcp } from './serve-mcp.ts';
export type { Tool } from './tool.ts';
