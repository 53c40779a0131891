using System.Net;
using System.Net.Sockets;

namespace FopWatch.Local.Hosting;

/// <summary>The host cannot listen where it was told to. The message says why and what would be right, in one line.</summary>
internal sealed class ListenException : Exception
{
    private ListenException(string message, Exception? failure)
        : base(message, failure)
    {
    }

    /// <summary>What a failure to start means; null if it is about anything else than listening.</summary>
    /// <param name="failure">What Kestrel threw: it wraps a port in use, naming the address, and the other failures only at times.</param>
    /// <param name="urls">Where it was told to listen.</param>
    public static ListenException? Of(Exception failure, string urls)
    {
        SocketException? socket = null;
        for (var cause = failure; cause is not null && socket is null; cause = cause.InnerException)
            socket = cause as SocketException;
        return socket is null ? null : new($"--urls: cannot listen on {Where(failure, urls)}: {Explain(socket)}", failure);
    }

    /// <summary>Others than this machine could reach the host, and it has no API key.</summary>
    /// <param name="address">What it was to bind.</param>
    public static ListenException WithoutKey(EndPoint address) => new(
        $"Without FopWatch:{HostSettings.ApiKeyName}, the host does not listen on {address}, which is not a loopback address. "
        + $"Set a key of at least {HostSettings.MinApiKeyLength} characters, or give a loopback address, such as {HostSettings.DefaultUrls}.",
        null);

    private static string Where(Exception failure, string urls)
    {
        var addresses = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return addresses.Length == 1
            ? urls
            : Array.Find(addresses, address => failure.Message.Contains($" {address.TrimEnd('/')}:", StringComparison.OrdinalIgnoreCase)) ?? $"one of {urls}";
    }

    private static string Explain(SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => "another program listens there already. Stop it, or choose another port.",
        SocketError.AddressNotAvailable => "that is not an address of this machine. Give one that is, or http://0.0.0.0:PORT for all that it has.",
        SocketError.AccessDenied => "this user may not. Choose a port from 1024 on.",
        SocketError.AddressFamilyNotSupported => "this machine has no addresses of that kind. Give an IPv4 one, such as http://127.0.0.1:7071.",
        _ => $"the system reports {failure.SocketErrorCode}. Give an address of this machine and a free port.",
    };
}
