using FopWatch.Api;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Functions.Http;

/// <summary>Admits requests, and answers failures as the embedded host does.</summary>
/// <param name="admission">Admits.</param>
/// <param name="failures">Answers failures.</param>
public sealed class Answers(Admission admission, Failures failures)
{
    /// <summary>Answers a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="kind">What it takes a place of.</param>
    /// <param name="handle">What handles it once it is admitted.</param>
    public async Task<IResult> AnswerAsync(HttpRequest request, RequestKind kind, Func<Task<IResult>> handle)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(handle);
        using var place = admission.Enter(request, kind);
        if (place is null)
            return Problem.Unavailable();
        if (QueryParameters.Check(request, QueryParameters.FunctionsHost) is { } wrong)
            return wrong;

        try
        {
            return await handle();
        }
        catch (Exception e)
        {
            return failures.AnswerTo(request.HttpContext, e);
        }
    }
}

/// <summary>The query of a request.</summary>
internal static class Query
{
    /// <summary>A parameter; null if it is not there.</summary>
    public static string? Parameter(this HttpRequest request, string name) =>
        request.Query.TryGetValue(name, out var values) ? values.ToString() : null;
}
