package protocol

// A Protocol is one end of a conversation: what a program does with the bytes of one connection.
// The loop of the connection calls its methods, one at a time, and they must not wait: see package
// loop. They may call everything else, of any Transport.
//
//	Made ──▶ Data … Data ──▶ EOF ──▶ Lost
//	           ▲      │
//	  Resumed ─┘      └─▶ Paused
//
// A program makes one value for each connection, which holds what it knows of the peer. Embed Base,
// and write the methods that are needed.
type Protocol interface {
	// Made comes first, once.
	Made(t *Transport)
	// Data has bytes of the peer, and returns how many of them, from the first on, are done with. p
	// is lent for the call.
	//
	// If the result is less than len(p), the rest stays in front: Data is called again with the
	// rest at once if the result was above 0, and together with what arrives next if it was 0.
	// Transport.Need says how many bytes the next call has to have. After PauseReading, while
	// writing is paused, and after Close, Data is not called.
	//
	// On a socket of messages (SOCK_SEQPACKET) each call has one message, and the result does not
	// count.
	Data(t *Transport, p []byte) (used int)
	// EOF says that the peer sends no more. What Data left is in Transport.Unread. The transport
	// can still write.
	EOF(t *Transport)
	// Paused says that more than Config.HighWater bytes are unsent: the program should write no
	// more for now. Reading pauses too, unless Config.KeepReading is set.
	Paused(t *Transport)
	// Resumed says that no more than Config.LowWater bytes are unsent, after Paused.
	Resumed(t *Transport)
	// Shutdown says that the server is about to end: finish what is under way, then call
	// Transport.Close. A connection that is still there when the server's time is over is cut.
	Shutdown(t *Transport)
	// Lost comes last, once, when the connection is gone. err is nil if the program closed it and
	// all was sent; else it is the reason: an error of the system, a *TimeoutError, a *LimitError,
	// ErrAborted, net.ErrClosed at the end of the loop, or a *loop.PanicError after a panic in a
	// method.
	Lost(t *Transport, err error)
}

// Base has all methods of a Protocol. Data drops what arrives, EOF and Shutdown close the
// connection once all is sent, and the others do nothing.
type Base struct{}

var _ Protocol = Base{}

func (Base) Made(*Transport)                 {}
func (Base) Data(_ *Transport, p []byte) int { return len(p) }
func (Base) EOF(t *Transport)                { t.Close() }
func (Base) Paused(*Transport)               {}
func (Base) Resumed(*Transport)              {}
func (Base) Shutdown(t *Transport)           { t.Close() }
func (Base) Lost(*Transport, error)          {}
