package sock

// Exported for the tests outside of the package, which can check for leaks with socktest.
var (
	LoopbackPair = View{}.loopbackPair
	ViewsPair    = View.loopbackPair
	ErrStranger  = errStranger
)

// Of applies View to a socket, as View does for each socket that it makes.
func (v View) Of(s *Socket) *Socket { return v.of(s) }

// RefuseSegments makes SendBatch believe that the network card cannot cut datagrams.
func RefuseSegments(s *Socket) { s.flags.Or(noSegments) }

// The system's numbers for POSIX errors, for ConnectEx, and its features.
var (
	HostErrno    = hostErrno
	HasReusePort = hasReusePort
	EmulatesPair = emulatesPair
)

const NoSocket = noSocket
