using System.Net;
using System.Net.Sockets;

namespace FopWatch.Local.Hosting;

/// <summary>The host cannot listen on its addresses. The message gives the reason and the remedy in one line.</summary>
internal sealed class ListenException : Exception
{
    private ListenException(string message, Exception? failure)
        : base(message, failure)
    {
    }

    /// <summary>The exception for a failed start; null if the failure is not about listening.</summary>
    /// <param name="failure">Kestrel's exception. Kestrel wraps a port in use and names the address; it wraps other failures only sometimes.</param>
    /// <param name="urls">The addresses to listen on.</param>
    public static ListenException? Of(Exception failure, string urls)
    {
        SocketException? socket = null;
        for (var cause = failure; cause is not null && socket is null; cause = cause.InnerException)
            socket = cause as SocketException;
        return socket is null ? null : new($"--urls: cannot listen on {Where(failure, urls)}: {Explain(socket)}", failure);
    }

    /// <summary>Other machines could reach the host, and it has no API key.</summary>
    /// <param name="address">The address to bind.</param>
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
        SocketError.AddressAlreadyInUse => "another program already listens there. Stop it, or choose another port.",
        SocketError.AddressNotAvailable => "that is not an address of this machine. Give one of its addresses, or http://0.0.0.0:PORT for all of them.",
        SocketError.AccessDenied => "this user has no permission to do so. Choose a port of 1024 or above.",
        SocketError.AddressFamilyNotSupported => "this machine has no addresses of that family. Give an IPv4 address, such as http://127.0.0.1:7071.",
        _ => $"the system reports {failure.SocketErrorCode}. Give an address of this machine and a free port.",
    };
}
