//go:build !linux && !windows

package sock

import (
	"errors"
	"fmt"
	"runtime"
)

// The bare system calls on systems that pollux has no poller for yet. Without one no socket can be
// made, so the others are never reached.

const (
	typeNonblock = 0
	typeFlags    = 0
	blindFlags   = MSG_PEEK | MSG_OOB
	msgDontwait  = 0
	msgErrqueue  = 0
	msgFastopen  = 0
	hasReusePort = false
	reusePort    = 0
)

var errNoSockets = fmt.Errorf("no poller for %s yet: %w", runtime.GOOS, errors.ErrUnsupported)

func isNoSocket(error) bool           { return true }
func sockaddrFamily([]byte) Family    { return AF_UNSPEC }
func sysClose(int) error              { return errNoSockets }
func sysConnectOver(int) (bool, bool) { return true, false }
func sysReadsEnded(int) bool          { return false }
func sysDup(int) (int, error)         { return -1, errNoSockets }
func sysListen(int, int) error        { return errNoSockets }
func sysShutdown(int, int) error      { return errNoSockets }
func sysBind(int, []byte) error       { return errNoSockets }
func sysAhead(int) (bool, bool, bool) { return true, false, false }
func sysEnded(int) bool               { return true }
func sysConnect(int, []byte) error    { return errNoSockets }

func sysSocket(int, int, int) (int, error)                          { return -1, errNoSockets }
func sysSocketpair(int, int, int) ([2]int, error)                   { return [2]int{}, errNoSockets }
func sysAccept(int, *sockaddr, *uint32) (int, error)                { return -1, errNoSockets }
func sysRecvfrom(int, []byte, int, *sockaddr, *uint32) (int, error) { return 0, errNoSockets }
func sysSendto(int, []byte, int, []byte) (int, error)               { return 0, errNoSockets }
func sysSetNonblock(int, bool) error                                { return errNoSockets }
func sysInheritable(int) (bool, error)                              { return false, errNoSockets }
func sysSetInheritable(int, bool) error                             { return errNoSockets }
func sysGetsockname(int, *sockaddr) (int, error)                    { return 0, errNoSockets }
func sysGetpeername(int, *sockaddr) (int, error)                    { return 0, errNoSockets }
func sysSockError(int) error                                        { return errNoSockets }
func sysSockFamily(int) (Family, error)                             { return 0, errNoSockets }
func sysSockProtocol(int) (int, error)                              { return 0, errNoSockets }
func sysGetsockopt(int, int, int, []byte) (int, error)              { return 0, errNoSockets }
func sysGetsockoptInt(int, int, int) (int, error)                   { return 0, errNoSockets }
func sysSetsockopt(int, int, int, []byte) error                     { return errNoSockets }
func sysSetsockoptInt(int, int, int, int32) error                   { return errNoSockets }
func sysSetsockoptNil(int, int, int, int) error                     { return errNoSockets }

const (
	scmRights  = 1 // <sys/socket.h> of the BSDs
	msgCloexec = 0
)

type msgVec struct{}

func (*msgVec) clear() {}

func sysSendmsg(int, *msgOp) error { return errNoSockets }

func sysSendFew(int, [][]byte, int) (int, error) { return 0, errNoSockets }

func sysRecvmsg(int, *msgOp) error { return errNoSockets }
