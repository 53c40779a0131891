using System.Globalization;
using System.Text;

namespace FopWatch.Load.Generating;

/// <summary>The requests of one connection, in order.</summary>
internal abstract class HttpRequests
{
    public const string Source = "media";
    public const string Token = "tok_ABCdef-123456";
    public const string NotifyPath = $"/api/notify/{Source}/{Token}";

    /// <summary>How many notifications, jobs or other units one request counts for.</summary>
    public virtual int Each => 1;

    /// <summary>The status that means success.</summary>
    public virtual int Done => 200;

    /// <summary>The next complete request, valid until the next call; empty at the end.</summary>
    public abstract ReadOnlyMemory<byte> Next();

    /// <summary>Called when the last request has succeeded.</summary>
    public virtual void Answered()
    {
    }

    protected static byte[] Request(string method, string path, Uri url, string headers, string body = "") => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{method} {path} HTTP/1.1\r\nHost: {url.Authority}\r\n{headers}{(method == "GET" ? "" : $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n")}\r\n{body}"));

    /// <summary>The positions of a text.</summary>
    protected static int[] PlacesOf(byte[] request, string text)
    {
        var (places, sought) = (new List<int>(), Encoding.UTF8.GetBytes(text));
        for (var at = 0; request.AsSpan(at).IndexOf(sought) is >= 0 and var next; at += next + sought.Length)
            places.Add(at + next);
        return [.. places];
    }
}

/// <summary>The same GET, repeated.</summary>
internal sealed class GetRequests(Uri url, string path) : HttpRequests
{
    private readonly byte[] _request = Request("GET", path, url, "");

    public override ReadOnlyMemory<byte> Next() => _request;
}
