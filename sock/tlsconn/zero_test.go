package tlsconn_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// Each method of the zero Conn returns an error with its operation around EINVAL, if it returns an
// error. None panics.
func TestZeroConn(t *testing.T) {
	socktest.Check(t)
	value := reflect.ValueOf(new(tlsconn.Conn))
	for i := range value.NumMethod() {
		returned := false
		t.Run(value.Type().Method(i).Name, func(t *testing.T) {
			defer func() {
				if !returned {
					t.Errorf("panic: %v", recover())
				}
			}()
			results := value.Method(i).Call(goodArguments(t, value.Method(i).Type()))
			returned = true
			for _, r := range results {
				if r.Type() == reflect.TypeFor[error]() {
					err, _ := r.Interface().(error)
					wantOp(t, err, syscall.EINVAL)
				}
			}
		})
	}
}

// A wrong argument of Server and Client is an error with the operation.
func TestWrongSocket(t *testing.T) {
	socktest.Check(t)
	for _, make := range []func(*sock.Socket, *tlsconn.Config) (*tlsconn.Conn, error){tlsconn.Server, tlsconn.Client} {
		var arg *sock.ArgError
		c, err := make(nil, nil)
		if wantOp(t, err, nil); c != nil || !errors.As(err, &arg) || arg.Arg != "socket" {
			t.Errorf("%v, %v", c, err)
		}
		c, err = make(new(sock.Socket), &tlsconn.Config{TLS: serverTLS()})
		if wantOp(t, err, nil); c != nil {
			t.Errorf("of the zero Socket: %v, %v", c, err)
		}
	}
}

// A second Close is an error with its own name, also before the handshake, and so is a CloseWrite.
func TestClosedTwice(t *testing.T) {
	for _, layer := range layers {
		for _, shake := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v handshake %v", layer, shake), func(t *testing.T) {
				need(t, layer)
				socktest.Check(t)
				s, c := wire(t)
				conn, peer := sides[0].ends(t, s, c, layer, nil)
				if shake {
					call := socktest.Start(conn.Handshake)
					socktest.Must(t, peer.Handshake())
					socktest.Must(t, call.Wait(t))
				}
				socktest.Must(t, conn.Close())
				for op, err := range map[string]error{"close": conn.Close(), "closewrite": conn.CloseWrite()} {
					var e *net.OpError
					if !errors.As(err, &e) || e.Op != op || shake && !errors.Is(err, net.ErrClosed) {
						t.Errorf("%s: %v", op, err)
					}
				}
			})
		}
	}
}

// wantOp fails the test unless err is a *net.OpError with an operation, around want if that is not
// nil.
func wantOp(t *testing.T, err, want error) {
	t.Helper()
	op, ok := err.(*net.OpError)
	if !ok || op.Op == "" || want != nil && !errors.Is(err, want) {
		t.Errorf("%T %v, want a *net.OpError with an operation around %v", err, err, want)
	}
}

// goodArguments returns arguments that the method of a usable value would take.
func goodArguments(t *testing.T, method reflect.Type) []reflect.Value {
	values := []any{time.Time{}, []byte("x"), context.Background(), (*loop.Task)(nil), (*loop.Loop)(nil), noWatcher{}, noHandler{}}
	var arguments []reflect.Value
next:
	for want := range method.Ins() {
		for _, v := range values {
			if have := reflect.TypeOf(v); have == want || want.Kind() == reflect.Interface && have.Implements(want) {
				arguments = append(arguments, reflect.ValueOf(v))
				continue next
			}
		}
		t.Fatalf("no argument of type %v: add one", want)
	}
	return arguments
}

type noWatcher struct{}

func (noWatcher) Ready(pollux.Ready) {}
func (noWatcher) Closed(error)       {}

type noHandler struct{}

func (noHandler) Handshaked(*tlsconn.Conn)    {}
func (noHandler) Readable(*tlsconn.Conn)      {}
func (noHandler) Writable(*tlsconn.Conn)      {}
func (noHandler) Closed(*tlsconn.Conn, error) {}
