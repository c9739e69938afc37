//go:build !windows

package pollux

// asking is the state of a call that makes the scheduler ask Go's own poller (fact 2). The
// goroutine makes an edge and then parks, so that poller finds the edge and the goroutine runs
// again. It runs behind all goroutines that were ready.
type asking uint8

const (
	notAsking asking = iota
	askNow           // make an edge, and park
	asked            // the edge has made the goroutine ready
)
