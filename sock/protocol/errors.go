package protocol

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

var errClosed error = net.ErrClosed

var errGoexit = errors.New("protocol: a function of the program ended its goroutine (runtime.Goexit)")

// made returns the error of op on a zero Server or Client.
func (hb *hub) made(op string) error {
	if hb == nil {
		return fmt.Errorf("protocol: %s: NewServer or NewClient must make the value: %w", op, syscall.EINVAL)
	}
	return nil
}

// lostError is err, or net.ErrClosed if there was none.
func lostError(err error) error {
	if err == nil {
		return errClosed
	}
	return err
}

// ErrAborted is the reason that Lost gets after Transport.Abort.
var ErrAborted = errors.New("protocol: aborted by the program")

// ErrShutdown is the reason that Lost gets if Server.Shutdown or Close has cut the connection.
var ErrShutdown = errors.New("protocol: cut by the shutdown of the server")

// A LimitError reports that a connection needs more memory than its options allow. It ends the
// connection.
type LimitError struct {
	Option string // of Config: "WriteLimit", "ReadLimit"; or the limit of a framer
	Size   int    // bytes that would have been held; of a frame, its length
	Limit  int    // bytes
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("protocol: %s: %d bytes, must be at most %d", e.Option, e.Size, e.Limit)
}

// A TimeoutError reports that a timeout of the options has passed. It ends the connection.
// errors.Is finds os.ErrDeadlineExceeded in it.
type TimeoutError struct {
	Option string        // of Config: "IdleTimeout", "ReadTimeout", "WriteTimeout", "HandshakeTimeout", "CloseTimeout"
	After  time.Duration // its value
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("protocol: %s: %v have passed", e.Option, e.After)
}

// Timeout returns true. It is a method of net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary returns false. It is a method of net.Error.
func (e *TimeoutError) Temporary() bool { return false }

func (e *TimeoutError) Is(target error) bool { return target == os.ErrDeadlineExceeded }

// An OptionError reports an option or an argument that is out of its range.
type OptionError struct {
	Option string
	Value  any
	Rule   string
}

func (e *OptionError) Error() string {
	return fmt.Sprintf("protocol: %s: %v: %s", e.Option, e.Value, e.Rule)
}

// A DataError reports that Data of a Protocol, or Decode of a Decoder, returned an impossible
// count. It ends the connection.
type DataError struct {
	Used, Len int
}

func (e *DataError) Error() string {
	return fmt.Sprintf("protocol: Data or Decode used %d bytes, must be 0 to %d", e.Used, e.Len)
}
