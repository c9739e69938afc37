package sock

import "encoding/binary"

// A socket is given to another process of Windows as a description, which that process makes a
// socket of:
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

// ShareSize is the length of what Share gives and FromShare takes: that of a WSAPROTOCOL_INFOW.
const ShareSize = 628

// sharedSocket is what a description says of the socket.
func sharedSocket(data []byte) (family Family, typ Type, proto Protocol, err error) {
	if len(data) != ShareSize {
		return 0, 0, 0, &ArgError{ArgLength, "data", len(data), "socket descriptor string has wrong size, should be 628 bytes."}
	}
	field := func(offset int) int { return int(int32(binary.LittleEndian.Uint32(data[offset:]))) }
	return Family(field(76)), Type(field(88)), Protocol(field(92)), nil
}

// Share wraps WSADuplicateSocketW; in Python, socket.share. It describes the socket, in ShareSize
// bytes, for one use by the process pid, which is sent them in some way and calls FromShare. Both
// then have the same socket, until each has closed it.
//
// Errors: an *ArgError for a pid beyond 32 bits; WSAEINVAL for a process that there is not;
// net.ErrClosed. Windows only: elsewhere an error that wraps errors.ErrUnsupported. There, SendFds
// and RecvFds pass sockets on.
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

// FromShare wraps WSASocketW; in Python, fromshare and socket(fileno=bytes). It makes the socket
// that another process has described with Share, of the family, type and proto said there. It has
// the default timeout and is not inherited.
//
// Errors: an *ArgError for data of another length; WSAEINVAL for what was meant for another process
// or has been used. Windows only: elsewhere an error that wraps errors.ErrUnsupported.
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
