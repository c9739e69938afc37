package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// An echo is a service of two methods, as a code generator would describe it.
type echo struct{ canceled chan error } // what a canceled Hang or Stream has ended with

var echoService = grpc.ServiceDesc{
	ServiceName: "Echo",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{
		{MethodName: "Unary", Handler: unary(func(_ *echo, _ context.Context, in *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error) {
			return in, nil
		})},
		{MethodName: "Hang", Handler: unary(func(e *echo, ctx context.Context, in *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error) {
			<-ctx.Done()
			e.canceled <- ctx.Err()
			return nil, ctx.Err()
		})},
	},
	Streams: []grpc.StreamDesc{{
		StreamName: "Stream", ClientStreams: true, ServerStreams: true,
		Handler: func(srv any, stream grpc.ServerStream) error {
			for {
				in := new(wrapperspb.BytesValue)
				if err := stream.RecvMsg(in); err != nil {
					if err == io.EOF {
						return nil
					}
					srv.(*echo).canceled <- stream.Context().Err()
					return err
				}
				if err := stream.SendMsg(in); err != nil {
					return err
				}
			}
		},
	}},
}

func unary(fn func(*echo, context.Context, *wrapperspb.BytesValue) (*wrapperspb.BytesValue, error)) grpc.MethodHandler {
	return func(srv any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.BytesValue)
		if err := decode(in); err != nil {
			return nil, err
		}
		return fn(srv.(*echo), ctx, in)
	}
}

func TestGRPC(t *testing.T) {
	socktest.Check(t)
	ctx := background(t)
	ln := listen(t)
	service := &echo{make(chan error, 1)}
	s := grpc.NewServer()
	s.RegisterService(&echoService, service)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	cc, err := grpc.NewClient("passthrough:///"+ln.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return new(netconn.Dialer).DialContext(ctx, "tcp", address)
		}))
	must(t, err)

	t.Run("unary", func(t *testing.T) {
		must(t, each(20, func(i int) error {
			for j := range 50 {
				in, out := wrapperspb.Bytes(make([]byte, i*j*100)), new(wrapperspb.BytesValue)
				if err := cc.Invoke(ctx, "/Echo/Unary", in, out); err != nil {
					return err
				}
				if len(out.Value) != len(in.Value) {
					return fmt.Errorf("%d bytes came back of %d", len(out.Value), len(in.Value))
				}
			}
			return nil
		}))
	})
	t.Run("streams", func(t *testing.T) {
		must(t, each(20, func(i int) error {
			stream, err := cc.NewStream(ctx, &echoService.Streams[0], "/Echo/Stream")
			if err != nil {
				return err
			}
			sent := make(chan error, 1)
			go func() {
				for j := range 100 {
					if err := stream.SendMsg(wrapperspb.Bytes(make([]byte, i*j*10))); err != nil {
						sent <- err
						return
					}
				}
				sent <- stream.CloseSend()
			}()
			for j := range 100 {
				out := new(wrapperspb.BytesValue)
				if err := stream.RecvMsg(out); err != nil || len(out.Value) != i*j*10 {
					return fmt.Errorf("message %d of %d bytes: %w", j, len(out.Value), err)
				}
			}
			if err := stream.RecvMsg(new(wrapperspb.BytesValue)); err != io.EOF {
				return fmt.Errorf("at the end: %w", err)
			}
			return <-sent
		}))
	})
	hangs := map[string]func(ctx context.Context) error{
		"unary": func(ctx context.Context) error {
			return cc.Invoke(ctx, "/Echo/Hang", wrapperspb.Bytes(nil), new(wrapperspb.BytesValue))
		},
		"stream": func(ctx context.Context) error { // after some messages
			stream, err := cc.NewStream(ctx, &echoService.Streams[0], "/Echo/Stream")
			if err != nil {
				return err
			}
			for range 3 {
				if err := errors.Join(stream.SendMsg(wrapperspb.Bytes(make([]byte, 1000))), stream.RecvMsg(new(wrapperspb.BytesValue))); err != nil {
					return fmt.Errorf("too early: %v", err)
				}
			}
			return stream.RecvMsg(new(wrapperspb.BytesValue))
		},
	}
	ends := func(t *testing.T, ctx context.Context, hang func(context.Context) error, want codes.Code) {
		err := hang(ctx)
		if got := status.Code(err); got != want {
			t.Errorf("%v, want %v: %v", got, want, err)
		}
		select {
		case got := <-service.canceled:
			// The client's reset may come before the server's own deadline.
			if !errors.Is(got, context.Canceled) && !errors.Is(got, context.DeadlineExceeded) {
				t.Errorf("the server: %v", got)
			}
		case <-time.After(patience):
			t.Error("the server has not noticed")
		}
	}
	for name, hang := range hangs {
		t.Run("deadline/"+name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			ends(t, ctx, hang, codes.DeadlineExceeded)
		})
		t.Run("cancel/"+name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			ends(t, ctx, hang, codes.Canceled)
		})
	}
	must(t, cc.Close())
	s.GracefulStop()
	must(t, <-served)
}
