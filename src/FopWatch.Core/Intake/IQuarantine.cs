using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Intake;

/// <summary>A notification that could not be understood or verified, stored unchanged.</summary>
public sealed record QuarantinedNotification
{
    /// <summary>The key: the time of arrival and a hash, so that keys sort by arrival.</summary>
    public required string Key { get; init; }

    /// <summary>The correlation in the path of the URL; null if there is none.</summary>
    public string? Correlation { get; init; }

    /// <summary>The source whose notify URL received it.</summary>
    public required string Source { get; init; }

    /// <summary>Why it is in quarantine, for the operator.</summary>
    public required string Reason { get; init; }

    /// <summary>When it arrived.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>
    /// The URL that the provider called. It contains the notify token, because signatures cover the URL, so it is never shown or logged.
    /// </summary>
    public required Uri Url { get; init; }

    /// <summary>
    /// The headers needed to verify it again (<c>Authorization</c>, <c>Content-Type</c> and <see cref="SignedRequest.SignedHeaders"/>), and to diagnose a failure
    /// (<see cref="SignedRequest.CallHeaderNames"/>). A signature is not a secret. Notifications stored by earlier versions lack the diagnostic headers.
    /// </summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; }

    /// <summary>The body, byte for byte. This is the only place where the secrets of a command are not redacted.</summary>
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The value of a stored header; null if it is absent.</summary>
    public string? Header(string name) => Headers
        .Where(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
        .Select(header => header.Value)
        .FirstOrDefault();

    /// <summary>The notification as it arrived.</summary>
    internal SignedRequest ToRequest() => new()
    {
        Url = Url,
        Authorization = Header("Authorization"),
        ContentType = Header("Content-Type"),
        SignedHeaders = [.. Headers.Where(header => ProviderKinds.SignsHeader(header.Key))],
        CallHeaders = [.. Headers.Where(header => SignedRequest.CallHeaderNames.Contains(header.Key, StringComparer.OrdinalIgnoreCase))],
        Body = Body,
    };

    /// <summary>The correlation without the notify token, which it may repeat.</summary>
    public string? ShownCorrelation => Correlation is { } text ? NotifyUrl.WithoutToken(text, Url) : null;

    /// <summary>
    /// The headers grouped by name, without the notify token, which a proxy may repeat in a header.
    /// </summary>
    public IReadOnlyDictionary<string, string> ShownHeaders() => Headers
        .GroupBy(header => header.Key, StringComparer.OrdinalIgnoreCase)
        .ToDictionary(same => same.Key, same => NotifyUrl.WithoutToken(string.Join(", ", same.Select(header => header.Value)), Url));
}

/// <summary>The size of a quarantine.</summary>
/// <param name="Notifications">The number of notifications.</param>
/// <param name="Bytes">The total size of their bodies, in bytes.</param>
public readonly record struct QuarantineSize(long Notifications, long Bytes);

/// <summary>Stores notifications that could not be understood or verified.</summary>
public interface IQuarantine
{
    /// <summary>Stores a notification durably. Adding an existing key has no effect.</summary>
    ValueTask AddAsync(QuarantinedNotification notification, CancellationToken cancellationToken);

    /// <summary>Reads a notification; null if there is none.</summary>
    /// <exception cref="UnreadableNotificationException">The notification exists but cannot be read.</exception>
    ValueTask<QuarantinedNotification?> FindAsync(string key, CancellationToken cancellationToken);

    /// <summary>The name of the source that received a notification; null if there is none. It is known even if the notification cannot be read.</summary>
    /// <remarks>A store should override this if it can find the source without reading the whole row.</remarks>
    async ValueTask<string?> SourceOfAsync(string key, CancellationToken cancellationToken) => (await FindAsync(key, cancellationToken))?.Source;

    /// <summary>Lists notifications, newest first. A page ends at <see cref="PageLimit.Bytes"/>.</summary>
    /// <param name="sources">The sources to list; null for all.</param>
    /// <param name="top">The most notifications to return, at least 1.</param>
    /// <param name="continuation">The continuation of the previous page; null for the first page.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="FormatException">The continuation was not issued by this store.</exception>
    ValueTask<Page<QuarantinedNotification>> ListAsync(IReadOnlyCollection<string>? sources, int top, string? continuation, CancellationToken cancellationToken);

    /// <summary>Removes a notification. Removing a missing one is not an error.</summary>
    ValueTask RemoveAsync(string key, CancellationToken cancellationToken);

    /// <summary>The number of notifications.</summary>
    ValueTask<long> CountAsync(CancellationToken cancellationToken);

    /// <summary>The size of the quarantine of a source.</summary>
    /// <remarks>A store should override this if it can count without reading the bodies.</remarks>
    async ValueTask<QuarantineSize> SizeAsync(string source, CancellationToken cancellationToken)
    {
        var (size, continuation) = (new QuarantineSize(0, 0), (string?)null);
        do
        {
            var page = await ListAsync([source], 100, continuation, cancellationToken);
            size = new(size.Notifications + page.Elements.Count, size.Bytes + page.Elements.Sum(kept => (long)kept.Body.Length));
            continuation = page.Continuation;
        }
        while (continuation is not null);
        return size;
    }
}
