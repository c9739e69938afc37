package sock

// For the tests outside of the package, which can look for leaks with socktest.
var (
	LoopbackPair = View{}.loopbackPair
	ViewsPair    = View.loopbackPair
	ErrStranger  = errStranger
)

// Of is what View does with each socket that it makes.
func (v View) Of(s *Socket) *Socket { return v.of(s) }

// RefuseSegments makes SendBatch believe that the network card cannot cut datagrams.
func RefuseSegments(s *Socket) { s.flags.Or(noSegments) }

// How this system numbers what POSIX names, for ConnectEx; and what it has.
var (
	HostErrno    = hostErrno
	HasReusePort = hasReusePort
	EmulatesPair = emulatesPair
)

const NoSocket = noSocket
