package protocol

// A Protocol is the program's side of one connection: it gets the bytes of the peer. The loop of
// the connection calls its methods, one at a time. The methods must not wait: see package loop.
// They may call every other function, of any Transport.
//
//	Made ──▶ Data … Data ──▶ EOF ──▶ Lost
//	           ▲      │
//	  Resumed ─┘      └─▶ Paused
//
// A program makes one value for each connection, with its data about the peer. Embed Base, and
// write the methods that the program needs.
type Protocol interface {
	// Made is the first call, and comes once.
	Made(t *Transport)
	// Data gets bytes of the peer. It returns the number of bytes that it has used, from the first
	// on. p is valid during the call.
	//
	// If used is less than len(p), the rest stays: the next call of Data gets the rest first. If
	// used is above 0, that call comes at once; if it is 0, it comes when more bytes have arrived.
	// Transport.Need sets how many bytes the next call must have. After PauseReading, while writing
	// is paused, and after Close, Data is not called.
	//
	// On a socket of messages (SOCK_SEQPACKET) each call gets one message, and the result is
	// ignored.
	Data(t *Transport, p []byte) (used int)
	// EOF reports that the peer sends no more. Transport.Unread has the bytes that Data has left.
	// The transport can still write.
	EOF(t *Transport)
	// Paused reports that more than Config.HighWater bytes are unsent. The program should not write
	// until Resumed. Reading pauses too, unless Config.KeepReading is set.
	Paused(t *Transport)
	// Resumed reports, after Paused, that no more than Config.LowWater bytes are unsent.
	Resumed(t *Transport)
	// Shutdown reports that the server is about to end. Finish the present work and then call
	// Transport.Close. When the server's time is over, it cuts the connections that are left.
	Shutdown(t *Transport)
	// Lost is the last call, and comes once: the connection has ended. err is nil if the program
	// has closed it and everything was sent. Otherwise it is the reason: an error of the system, a
	// *TimeoutError, a *LimitError, ErrAborted, net.ErrClosed at the end of the loop, or a
	// *loop.PanicError after a panic in a method.
	Lost(t *Transport, err error)
}

// Base has all methods of a Protocol. Its Data drops the bytes that arrive. Its EOF and Shutdown
// close the connection once everything is sent. The other methods do nothing.
type Base struct{}

var _ Protocol = Base{}

func (Base) Made(*Transport)                 {}
func (Base) Data(_ *Transport, p []byte) int { return len(p) }
func (Base) EOF(t *Transport)                { t.Close() }
func (Base) Paused(*Transport)               {}
func (Base) Resumed(*Transport)              {}
func (Base) Shutdown(t *Transport)           { t.Close() }
func (Base) Lost(*Transport, error)          {}
