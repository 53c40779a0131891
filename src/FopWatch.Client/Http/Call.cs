namespace FopWatch.Client.Http;

/// <summary>A call of the HTTP API. It can be made several times.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">The path and query, relative to the URL of the host.</param>
internal sealed record Call(HttpMethod Method, string Path)
{
    /// <summary>The body, as JSON in UTF-8; null for none.</summary>
    public byte[]? Body { get; init; }

    /// <summary>
    /// Whether making the call twice equals making it once. Other calls are retried only if the host said that it did not execute them.
    /// </summary>
    public bool IsIdempotent { get; init; } = true;

    /// <summary>The extra time that the host may take for this call by design.</summary>
    public TimeSpan Longer { get; init; }

    /// <summary>The position to send as <c>Last-Event-ID</c>.</summary>
    public string? After { get; init; }

    /// <summary>A call with parameters.</summary>
    public static Call Of(HttpMethod method, string path, IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var query = string.Join('&', parameters.Select(one => $"{Uri.EscapeDataString(one.Key)}={Uri.EscapeDataString(one.Value)}"));
        return new(method, query.Length == 0 ? path : $"{path}?{query}");
    }

    /// <summary>A segment of a path.</summary>
    /// <exception cref="ArgumentException">The text is empty, or would act as a step in the path.</exception>
    public static string Segment(string text, string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(text, name);
        return text is "." or ".." ? throw new ArgumentException($"'{text}' cannot be part of a URL's path.", name) : Uri.EscapeDataString(text);
    }
}
