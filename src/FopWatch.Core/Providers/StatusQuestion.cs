using System.Net.Http.Headers;
using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>One question to one of a provider's status APIs, and what its answers mean.</summary>
/// <param name="Provider">The provider.</param>
/// <param name="Uri">Where it is asked.</param>
internal sealed record StatusQuestion(IProvider Provider, Uri Uri)
{
    /// <summary>The query of workflows, if that is asked.</summary>
    public IWorkflowQuery? Workflows { get; init; }

    /// <summary>The access key that the question is signed with; null for a question that is not signed.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The secret key of <see cref="AccessKey"/>.</summary>
    public byte[]? SecretKey { get; init; }

    public bool NotFoundIsToldByBody => Workflows is not null || Provider.NotFoundIsToldByBody;

    /// <summary>The question as a request to the URL that a redirect may have led to.</summary>
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

    /// <summary>Whether an answer refuses the key that the question was signed with.</summary>
    public bool RefusesKey(int status) => AccessKey is not null && (status is 401 or 403);

    public bool IsUnknownId(int status, ReadOnlyMemory<byte> body) => Workflows is { } workflows
        ? workflows.IsUnknownId(status, body)
        : Provider.ErrorStatus(body) is { } told && Provider.Classify(told) == PollAnswer.NotFound;
}
