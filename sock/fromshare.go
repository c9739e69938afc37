package sock

import "encoding/binary"

// A process of Windows gives a socket to another process as a description. The other process makes
// a socket of it:
//
//	typedef struct _WSAPROTOCOL_INFOW {      // offset  <winsock2.h>
//	    DWORD            dwServiceFlags1;    //   0, and 2 to 4 after it
//	    DWORD            dwProviderFlags;    //  16
//	    GUID             ProviderId;         //  20
//	    DWORD            dwCatalogEntryId;   //  36
//	    WSAPROTOCOLCHAIN ProtocolChain;      //  40  int ChainLen; DWORD ChainEntries[7];
//	    int              iVersion;           //  72
//	    int              iAddressFamily;     //  76
//	    int              iMaxSockAddr;       //  80
//	    int              iMinSockAddr;       //  84
//	    int              iSocketType;        //  88
//	    int              iProtocol;          //  92
//	    int              iProtocolMaxOffset; //  96
//	    int              iNetworkByteOrder;  // 100
//	    int              iSecurityScheme;    // 104
//	    DWORD            dwMessageSize;      // 108
//	    DWORD            dwProviderReserved; // 112
//	    WCHAR            szProtocol[256];    // 116
//	} WSAPROTOCOL_INFOW;                     // 628 bytes
//
// (372 is the size of the structure with the other kind of characters, WSAPROTOCOL_INFOA.)

// ShareSize is the length of a description from Share, in bytes: the size of a WSAPROTOCOL_INFOW.
const ShareSize = 628

// sharedSocket reads the kind of the socket from a description.
func sharedSocket(data []byte) (family Family, typ Type, proto Protocol, err error) {
	if len(data) != ShareSize {
		return 0, 0, 0, &ArgError{ArgLength, "data", len(data), "socket descriptor string has wrong size, should be 628 bytes."}
	}
	field := func(offset int) int { return int(int32(binary.LittleEndian.Uint32(data[offset:]))) }
	return Family(field(76)), Type(field(88)), Protocol(field(92)), nil
}

// Share describes the socket for another process: it wraps WSADuplicateSocketW; in Python,
// socket.share. pid is the number of that process. data has ShareSize bytes. The caller sends data
// to the process in any way, and the process calls FromShare with it, once. Both processes then
// have the same socket, until each has closed it.
//
// Errors: an *ArgError for a pid beyond 32 bits; WSAEINVAL if no such process exists;
// net.ErrClosed. Windows only: elsewhere an error around errors.ErrUnsupported. On those systems,
// pass sockets with SendFds and RecvFds.
func (s *Socket) Share(pid int) (data []byte, err error) {
	if pid < 0 || int64(pid) > 0xffffffff {
		return nil, s.fail("share", Addr{}, &ArgError{ArgRange, "pid", pid, "must be 0-4294967295"})
	}
	err = s.do("share", func(sysfd int) error {
		data, err = describe(sysfd, uint32(pid))
		return err
	})
	return data, err
}

// FromShare makes the socket that another process has described with Share: it wraps WSASocketW; in
// Python, fromshare and socket(fileno=bytes). Family, type and protocol come from the description.
// The socket has the default timeout. Child processes do not inherit it.
//
// Errors: an *ArgError for data of another length than ShareSize; WSAEINVAL for a description that
// is for another process or was already used. Windows only: elsewhere an error around
// errors.ErrUnsupported.
func FromShare(data []byte) (*Socket, error) {
	family, typ, proto, err := sharedSocket(data)
	if err != nil {
		return nil, failed("fromshare", AF_UNSPEC, err)
	}
	sysfd, err := fromShare(data)
	if err != nil {
		return nil, failed("fromshare", family, err)
	}
	return newSocket(sysfd, family, typ, proto, firstTimeout(typ)), nil
}
