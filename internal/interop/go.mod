module github.com/polluxio/pollux/internal/interop

go 1.26.0

require (
	github.com/coder/websocket v1.8.14
	github.com/evanphx/wildcat v0.0.0-20141114174135-e7012f664567
	github.com/jackc/pgx/v5 v5.10.0
	github.com/miekg/dns v1.1.72
	github.com/panjf2000/gnet/v2 v2.10.0
	github.com/polluxio/pollux v0.0.0
	github.com/quic-go/quic-go v0.60.0
	github.com/redis/go-redis/v9 v9.20.0
	github.com/valyala/fasthttp v1.72.0
	golang.org/x/sys v0.49.0
	google.golang.org/grpc v1.82.0
	google.golang.org/protobuf v1.36.11
)

require (
	github.com/andybalholm/brotli v1.2.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.2 // indirect
	github.com/klauspost/compress v1.18.6 // indirect
	github.com/panjf2000/ants/v2 v2.12.1 // indirect
	github.com/valyala/bytebufferpool v1.0.0 // indirect
	github.com/vektra/errors v0.0.0-20140903201135-c64d83aba85a // indirect
	go.uber.org/atomic v1.11.0 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	go.uber.org/zap v1.28.0 // indirect
	golang.org/x/crypto v0.53.0 // indirect
	golang.org/x/mod v0.36.0 // indirect
	golang.org/x/net v0.56.0 // indirect
	golang.org/x/sync v0.21.0 // indirect
	golang.org/x/text v0.38.0 // indirect
	golang.org/x/tools v0.45.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260414002931-afd174a4e478 // indirect
	gopkg.in/natefinch/lumberjack.v2 v2.2.1 // indirect
)

replace github.com/polluxio/pollux => ../..
