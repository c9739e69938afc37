package sock

import (
	"runtime"
	"syscall"

	"github.com/polluxio/pollux/loop"
)

// A connect that goes on by itself (EINPROGRESS) has come to its end some time later. How that is
// found out, and in which state the socket is then, each protocol of each system has decided for
// itself. A connectRule says it; connectEnd follows it:
//
//	poll: not over ──▶ wait
//	  │ over
//	SO_ERROR ── an error ────────────────────────────────────────────▶ failure: the socket is put back, as a blocking connect would
//	  │ no error                                                          ▲
//	proof ── there is none: another has taken the error (ECONNABORTED) ─┘
//	  │ connected
//	conclusion ──▶ success, told once
type connectRule struct {
	system             string // GOOS; "": any
	family, typ, proto int32  // anyProto: all
	proof              connectProof
	conclude           bool         // another connect(2) makes the socket a connected one
	reset              connectReset // after a failure
}

type connectProof uint8

const (
	proofNone  connectProof = iota // that there is no error is enough
	proofOpen                      // no hang-up either
	proofPeer                      // getpeername(2) knows a peer
	proofAssoc                     // an association, of SCTP's sockets that have many: SO_ERROR tells nothing of them
)

type connectReset uint8

const (
	resetNone   connectReset = iota
	resetUnspec              // connect(2) to AF_UNSPEC: the same call in the kernel that ends a blocking connect which failed
	resetVsock               // see sysResetVsock
)

// connectRules: the first row that fits counts. The numbers are Linux's (<linux/socket.h>) where a
// row names it.
//
//   - SCTP (sctp_connect of net/sctp/socket.c): another connect after one that was refused begins a
//     new association, and so on as fast as a processor can.
//   - IP (__inet_stream_connect of net/ipv4/af_inet.c): another connect says EALREADY, success, or
//     ECONNABORTED after a failure of which SO_ERROR or a receive had the error; but it begins anew
//     after a shutdown, whose error SO_ERROR has. After success it is what makes the socket
//     SS_CONNECTED. poll(2) says nothing of the connection after a shutdown in both directions.
//   - AF_VSOCK (vsock_connect of net/vmw_vsock/af_vsock.c): EALREADY for ever after a failure,
//     unless the call may block. poll(2) says writable of one that was refused, too.
//   - AF_TIPC (tipc_connect of net/tipc/socket.c): EINVAL after a success whose peer has closed
//     meanwhile. A blocking connect says 0.
//   - AF_BLUETOOTH: EBADFD for RFCOMM and SCO in any state, EINVAL for L2CAP after a failure.
//   - The BSDs: EISCONN after success. Windows: WSAEISCONN, and WSAEINVAL after a failure.
var connectRules = [...]connectRule{
	{"linux", 2, 5, 132, proofAssoc, false, resetNone}, // SCTP, SOCK_SEQPACKET
	{"linux", 10, 5, 132, proofAssoc, false, resetNone},
	{"linux", 2, anyProto, 132, proofNone, false, resetNone}, // SCTP, SOCK_STREAM
	{"linux", 10, anyProto, 132, proofNone, false, resetNone},
	{"linux", 2, anyProto, anyProto, proofNone, true, resetUnspec}, // TCP, MPTCP, DCCP
	{"linux", 10, anyProto, anyProto, proofNone, true, resetUnspec},
	{"linux", 40, anyProto, anyProto, proofPeer, false, resetVsock}, // AF_VSOCK
	{"linux", 30, anyProto, anyProto, proofNone, false, resetNone},  // AF_TIPC
	{"linux", 31, anyProto, anyProto, proofOpen, false, resetNone},  // AF_BLUETOOTH
	{"windows", anyProto, anyProto, anyProto, proofPeer, false, resetNone},
	{"", anyProto, anyProto, anyProto, proofPeer, false, resetNone}, // the BSDs, and families of Linux that have no row
}

// connectRuleOf is the rule for a socket of that kind on the system.
func connectRuleOf(system string, family, typ, proto int32) *connectRule {
	fits := func(row, v int32) bool { return row == anyProto || row == v }
	for i := range connectRules {
		r := &connectRules[i]
		if (r.system == "" || r.system == system) && fits(r.family, family) && fits(r.typ, typ) && fits(r.proto, proto) {
			return r
		}
	}
	return &connectRules[len(connectRules)-1]
}

// connectEnd says what has become of a connect that is in progress: nil, loop.ErrAgain while it
// still is, or why it failed. sa is where it goes, or another address of the family.
func (s *core) connectEnd(sysfd int, sa []byte) (loop.Outcome, error) {
	rule := connectRuleOf(runtime.GOOS, s.family, s.typ, s.proto)
	if rule.proof == proofAssoc {
		return s.associationEnd(sysfd, sa)
	}
	over, hungUp := sysConnectOver(sysfd)
	if !over {
		return loop.Outcome{}, loop.ErrAgain
	}
	err := sysSockError(sysfd)
	switch {
	case err != nil:
	case rule.proof == proofOpen && hungUp:
		err = syscall.ECONNABORTED
	case rule.proof == proofPeer:
		var peer sockaddr
		if _, failed := sysGetpeername(sysfd, &peer); failed == syscall.ENOTCONN {
			err = syscall.ECONNABORTED
		}
	}
	if err != nil {
		s.connectReset(sysfd, rule.reset)
		return loop.Outcome{}, s.connectOver(err)
	}
	if rule.conclude {
		switch err = sysConnect(sysfd, sa); err {
		case syscall.EISCONN:
			err = nil
		case syscall.EINPROGRESS, syscall.EALREADY:
			return loop.Outcome{}, loop.ErrAgain
		}
	}
	return loop.Outcome{}, s.connectOver(err)
}

// connectReset puts the socket where a blocking connect that fails leaves it: another connect
// begins anew.
func (s *core) connectReset(sysfd int, how connectReset) {
	switch how {
	case resetUnspec:
		var none [16]byte // a struct sockaddr of AF_UNSPEC, which is 0 everywhere
		sysConnect(sysfd, none[:])
	case resetVsock:
		sysResetVsock(sysfd)
	}
}

// associationEnd is connectEnd for SCTP's sockets of many associations. Another connect to the same
// peer says EALREADY or EISCONN, but begins anew after a failure. So it is made only while there is
// an association. No edge tells of its end.
func (s *core) associationEnd(sysfd int, sa []byte) (loop.Outcome, error) {
	if n, err := sysGetsockoptInt(sysfd, protoSCTP, sctpAssocNumber); err == nil && n == 0 {
		return loop.Outcome{}, s.connectOver(syscall.ECONNREFUSED)
	}
	switch err := sysConnect(sysfd, sa); err {
	case syscall.EINPROGRESS, syscall.EALREADY:
		return loop.Outcome{Retry: fullRetry, Most: fullMost}, loop.ErrAgain
	case nil, syscall.EISCONN:
		return loop.Outcome{}, s.connectOver(nil)
	default:
		return loop.Outcome{}, s.connectOver(err)
	}
}

// sctpAssocNumber is SCTP_GET_ASSOC_NUMBER of <linux/sctp.h>: how many associations there are.
const sctpAssocNumber = 28

// connectOver notes that no connect is in progress any more. Receives that had to wait for that go
// on.
func (s *core) connectOver(err error) error {
	s.flags.And(^uint32(connectBegun | connectUntold | connectWaits))
	s.fd.Renewed()
	return err
}

// connects is what comes before a connect(2), and before a send that connects: a handler is called
// no more for what the socket was before.
func (s *core) connects() {
	if s.flags.Load()&(isFresh|connectCalls) != connectCalls {
		s.flags.Or(connectCalls)
		s.flags.And(^uint32(isFresh))
	}
}

// connected is what comes after it: begun says that the connect goes on by itself.
func (s *core) connected(begun bool) {
	if begun {
		s.flags.Or(connectBegun | connectUntold)
	}
	s.flags.And(^uint32(connectCalls))
}

// holdsReads says that a receive must not be tried: a connect waits, and an error that there might
// be is its error.
func (s *core) holdsReads(flags int) bool {
	return s.flags.Load()&connectWaits != 0 && flags&msgErrqueue == 0
}

// tellable says of an event what there is to tell a handler of, and whether the first thing is that
// a connect has ended: of a socket that does not connect yet nothing, and nothing before the end of
// a connect, whatever the system says.
func (s *core) tellable() (something, ended bool) {
	f := s.flags.Load()
	switch {
	case f&(isFresh|connectCalls) != 0:
		s.fd.Hold(loop.Write)
		return false, false
	case f&connectUntold == 0:
		return true, false
	}
	sysfd, err := s.fd.Acquire()
	if err != nil {
		return false, false
	}
	over, _ := sysConnectOver(sysfd)
	s.fd.Release()
	if !over {
		s.fd.Hold(loop.Write)
		return false, false
	}
	s.flags.And(^uint32(connectUntold))
	return true, true
}
