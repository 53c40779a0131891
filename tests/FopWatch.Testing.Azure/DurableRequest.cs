namespace FopWatch.Testing;

/// <summary>The meaning of a storage request in Durable Task's Azure Storage provider.</summary>
public static class DurableRequest
{
    public const string ReadInstance = "read instance";

    /// <summary>The kind of a request; null for one that depends on the time (reads of queues, leases) and for those of other clients. A transaction is its own kind.</summary>
    /// <param name="request">The request in the form of <see cref="Azurite.TakeRequests"/>.</param>
    /// <param name="hub">The name of the task hub.</param>
    public static string? KindOf(string request, string hub)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (method, path) = request.Split(' ', 2) is [var first, var second] ? (first, second) : (request, "");
        var history = path.Contains(hub + "History", StringComparison.Ordinal);
        return method switch
        {
            "GET" when path.Contains("/messages", StringComparison.Ordinal) => null,
            "POST" when path.Contains("/messages", StringComparison.Ordinal) => "message sent",
            "DELETE" when path.Contains("/messages", StringComparison.Ordinal) => "message deleted",
            "PUT" when path.Contains("/messages", StringComparison.Ordinal) => "message renewed",
            "GET" when history => "read history",
            "POST" when path.EndsWith("$batch", StringComparison.Ordinal) => "write history",
            _ when history => "write history",
            "GET" when path.Contains(hub + "Instances", StringComparison.Ordinal) => ReadInstance,
            _ when path.Contains(hub + "Instances", StringComparison.Ordinal) => "write instance",
            _ => null,
        };
    }
}
