using FopWatch.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Http;

/// <summary>Answers failures as the embedded host does.</summary>
internal static class Answers
{
    public static async Task<IResult> AnswerAsync(this HttpRequest request, RequestKind kind, Func<Task<IResult>> handle)
    {
        using var place = request.HttpContext.RequestServices.GetRequiredService<Admission>().Enter(request, kind);
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
            var logger = request.HttpContext.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("FopWatch");
            return Failures.AnswerTo(request.HttpContext, e, logger);
        }
    }

    public static string? Parameter(this HttpRequest request, string name) =>
        request.Query.TryGetValue(name, out var values) ? values.ToString() : null;
}
