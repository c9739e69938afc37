package protocol

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

var errClosed error = net.ErrClosed

// lostError is err, or net.ErrClosed if there was none.
func lostError(err error) error {
	if err == nil {
		return errClosed
	}
	return err
}

// ErrAborted is why a connection was lost that Transport.Abort ended.
var ErrAborted = errors.New("protocol: aborted by the program")

// ErrShutdown is why a connection was lost that was still there when the time of Server.Shutdown
// was over.
var ErrShutdown = errors.New("protocol: cut by the shutdown of the server")

// A LimitError says that a connection would have used more memory than its options allow. It ends
// the connection.
type LimitError struct {
	Option string // of Config: "WriteLimit", "ReadLimit"; or the limit of a framer
	Size   int    // bytes that would have been held; of a frame, its length
	Limit  int    // bytes
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("protocol: %s: %d bytes, must be at most %d", e.Option, e.Size, e.Limit)
}

// A TimeoutError says that a time of the options has passed. It ends the connection. errors.Is
// finds os.ErrDeadlineExceeded in it.
type TimeoutError struct {
	Option string        // of Config: "IdleTimeout", "ReadTimeout", "WriteTimeout", "HandshakeTimeout", "CloseTimeout"
	After  time.Duration // its value
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("protocol: %s: %v have passed", e.Option, e.After)
}

// Timeout is true: net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary is false: net.Error.
func (e *TimeoutError) Temporary() bool { return false }

func (e *TimeoutError) Is(target error) bool { return target == os.ErrDeadlineExceeded }

// An OptionError is an option or an argument that is out of its range.
type OptionError struct {
	Option string
	Value  any
	Rule   string
}

func (e *OptionError) Error() string {
	return fmt.Sprintf("protocol: %s: %v: %s", e.Option, e.Value, e.Rule)
}

// A DataError says that Data of a Protocol returned a count that is not possible. It ends the
// connection.
type DataError struct {
	Used, Len int
}

func (e *DataError) Error() string {
	return fmt.Sprintf("protocol: Data used %d bytes, must be 0 to %d", e.Used, e.Len)
}
