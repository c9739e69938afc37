//go:build !linux

package names

// Only Linux has a socket type for DCCP.
var kindsHere []kind
