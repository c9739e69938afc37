//go:build linux

package main

import "strings"

// A difference is one that is meant. Empty fields stand for any; circumstance is a part of the
// name. That pollux waits for ever has to be named.
type difference struct {
	kind, operation, circumstance, mode string
	raw, ours                           string
	oursHas                             string // a part of ours
	rare                                bool   // it does not show in every run, or on every kernel
	reason                              string
}

var meant = []difference{
	{operation: "sendfile", mode: "callback",
		reason: "Sendfile may block on the disk, and says ErrOnLoop in a callback: a handler makes a future of it"},
	{mode: "callback", ours: waits, raw: `0 ""`, circumstance: "shut down RD",
		reason: "a handler's socket is non-blocking, of which the kernel says EAGAIN. Empty datagrams without an end would keep a handler busy that receives until ErrWouldBlock"},
	{operation: "recv WAITALL", mode: "callback", raw: waits,
		reason: "a handler's receive does not wait for all, as no non-blocking one does"},
	{operation: "recv WAITALL", circumstance: "in two parts meanwhile", mode: "callback", raw: `8 "abcdefgh"`, ours: `3 "abc"`, rare: true,
		reason: "the same, if the handler comes between the parts"},
	{operation: "recv ERRQUEUE", raw: "EAGAIN", ours: waits,
		reason: "the kernel never waits for its error queue; a receive of pollux does, like any other (RecvError)"},
	{operation: "recv WAITALL", circumstance: "a signal, and data", raw: `5 "bytes"`, ours: waits,
		reason: "a signal ends the kernel's wait for the rest; no signal ends a wait of pollux"},
	{kind: "alg", circumstance: "a timeout", raw: waits, ours: timedOut,
		reason: "the kernel's receive knows no SO_RCVTIMEO: it waits for ever (af_alg_wait_for_data of crypto/af_alg.c); a timeout of pollux is one on every family"},
	{kind: "unix", circumstance: "backlog full, with a timeout", oursHas: "EAGAIN",
		reason: "as in Python, a connect to a full backlog waits only on a socket without a timeout; with one it returns EAGAIN at once"},
	{kind: "unix-seqpacket", circumstance: "backlog full, with a timeout", oursHas: "EAGAIN",
		reason: "as of unix"},
	{kind: "mptcp", operation: "accept", circumstance: "a timeout", raw: waits, ours: timedOut,
		reason: "the kernel's accept waits with the SO_RCVTIMEO of the first subflow, which the option of the socket does not reach (mptcp_stream_accept of net/mptcp/protocol.c; Linux 6.18)"},
	{circumstance: "less than SO_RCVLOWAT before", raw: waits,
		reason: "what is there comes at once, as to a non-blocking call; SO_RCVLOWAT says how much ends a wait"},
	{kind: "unix", circumstance: "full, and peer closes", raw: "ECONNRESET", ours: "EPIPE",
		reason: "a peer that closes with unread bytes is ECONNRESET to the call that sleeps, and EPIPE to the next, which ours is (unix_stream_sendmsg of net/unix/af_unix.c)"},
	{kind: "unix", operation: "sendfile", circumstance: "full, and", raw: "5", rare: true,
		reason: "sendfile of Linux 6.1 adds to the last message of a full queue, if a page has room (unix_stream_sendpage of net/unix/af_unix.c); a call that comes later than what happens finds the end"},
	{kind: "tipc", operation: "accept", circumstance: "shut down RDWR", raw: waits, ours: "EINVAL",
		reason: "a listener that was shut down accepts nothing any more: EINVAL, as of TCP, where a blocking accept of TIPC waits for ever"},
	{kind: "tipc-seqpacket", operation: "accept", circumstance: "shut down RDWR", raw: waits, ours: "EINVAL",
		reason: "as of tipc"},
	{kind: "l2cap", circumstance: "data, and peer closes meanwhile", ours: `0 ""`, rare: true,
		reason: "the data and the end of the connection wait in queues of their own, and either may go first (hci_queue_acl of net/bluetooth/hci_core.c)"},
	{kind: "l2cap", circumstance: "data, and peer closes meanwhile", ours: `5 "bytes"`, rare: true,
		reason: "the same"},
	{kind: "l2cap", operation: "recvmmsg", circumstance: "meanwhile", ours: "ECONNRESET", rare: true,
		reason: "recvmmsg takes the error of the socket before it receives (do_recvmmsg of net/socket.c), and ours is called after the end; a call that sleeps is past that, and gets the end as 0 bytes"},
	{kind: "l2cap", circumstance: "accepted, and closed at once", rare: true,
		reason: "success, or ECONNRESET if the end has come before the thread that sleeps runs again (bt_sock_wait_state of net/bluetooth/af_bluetooth.c)"},
	{kind: "rfcomm", circumstance: "accepted, and closed at once", rare: true,
		reason: "as of l2cap"},
	{operation: "connect again", kind: "tipc", circumstance: "accepted, and closed at once", raw: "0, EISCONN", ours: "0, EINVAL", rare: true,
		reason: "EISCONN until the peer's close has come, and EINVAL from then on (tipc_connect of net/tipc/socket.c)"},
	{operation: "connect again", kind: "tipc", circumstance: "accepted, and closed at once", raw: "0, EINVAL", ours: "0, EISCONN", rare: true,
		reason: "the same"},
	{operation: "connect again", kind: "tipc-seqpacket", circumstance: "accepted, and closed at once", raw: "0, EISCONN", ours: "0, EINVAL", rare: true,
		reason: "as of tipc"},
	{operation: "connect again", kind: "tipc-seqpacket", circumstance: "accepted, and closed at once", raw: "0, EINVAL", ours: "0, EISCONN", rare: true,
		reason: "as of tipc"},
}

// meaning is the index of the entry that explains a difference, or -1.
func meaning(r *row, mode, got string) int {
	fits := func(want, is string) bool { return want == "" || want == is }
	for i, m := range meant {
		if got == waits && m.ours != waits {
			continue
		}
		if fits(m.kind, r.kind.name) && fits(m.operation, r.operation.name) && fits(m.mode, mode) && fits(m.raw, r.raw) && fits(m.ours, got) &&
			strings.Contains(r.circumstance.name, m.circumstance) && strings.Contains(got, m.oursHas) {
			return i
		}
	}
	return -1
}
