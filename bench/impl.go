package main

// An impl is one implementation of the echo server.
type impl struct {
	Name string

	// Go is false for the server in C: it is a program of its own and cannot have hogs.
	Go bool

	// Timeouts says that "serve -timeout" sets a timeout on each wait for data.
	Timeouts bool
}

// The names of our three modes, and of the peers to which everything is put in relation.
const (
	implCallback  = "pollux-callback"
	implTask      = "pollux-task"
	implGoroutine = "pollux-goroutine"

	peerGnet = "gnet"
	peerNet  = "net"
	peerC    = "c"
)

// peers is the order of the ratio columns.
var peers = []string{peerGnet, peerNet, peerC}

// impls is every implementation, in the order of the report.
var impls = []impl{
	{Name: implCallback, Go: true},
	{Name: implTask, Go: true, Timeouts: true},
	{Name: implGoroutine, Go: true, Timeouts: true},
	{Name: peerGnet, Go: true},
	{Name: peerNet, Go: true, Timeouts: true},
	{Name: peerC},
}

// parseImpls turns a comma-separated list of names into implementations. A name may come twice:
// the ratio of a server to its own twin shows how far the figures can be trusted.
func parseImpls(list string) ([]impl, error) {
	return parseList("echo: -impls", list, impls, func(i impl) string { return i.Name })
}
