using System.Net.Http.Headers;
using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>One request to a status API of a provider, and the interpretation of its answers.</summary>
/// <param name="Provider">The provider.</param>
/// <param name="Uri">The URL.</param>
internal sealed record StatusQuestion(IProvider Provider, Uri Uri)
{
    /// <summary>The workflow query; null for a request to the status API of tasks.</summary>
    public IWorkflowQuery? Workflows { get; init; }

    /// <summary>The access key that signs the request; null for an unsigned request.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The secret key of <see cref="AccessKey"/>.</summary>
    public byte[]? SecretKey { get; init; }

    public bool NotFoundIsToldByBody => Workflows is not null || Provider.NotFoundIsToldByBody;

    /// <summary>Creates the HTTP request for a URL, which may be the target of a redirect.</summary>
    public HttpRequestMessage At(Uri uri)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.Accept.Add(new("application/json"));
        request.Headers.UserAgent.Add(new("FopWatch", null));
        if (Workflows is not null && AccessKey is not null && SecretKey is not null)
        {
            request.Content = new ByteArrayContent([]) { Headers = { ContentType = new MediaTypeHeaderValue(Workflows.ContentType) } };
            request.Headers.TryAddWithoutValidation("Authorization", Workflows.Authorize(uri, AccessKey, SecretKey));
        }

        return request;
    }

    public PollAnswer Classify(int status) => Workflows?.Classify(status) ?? Provider.Classify(status);

    /// <summary>Whether an answer refuses the key that signed the request.</summary>
    public bool RefusesKey(int status) => AccessKey is not null && (status is 401 or 403);

    public bool IsUnknownId(int status, ReadOnlyMemory<byte> body) => Workflows is { } workflows
        ? workflows.IsUnknownId(status, body)
        : Provider.ErrorStatus(body) is { } told && Provider.Classify(told) == PollAnswer.NotFound;
}
