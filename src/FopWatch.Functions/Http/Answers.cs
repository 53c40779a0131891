using FopWatch.Api;
using FopWatch.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FopWatch.Functions.Http;

/// <summary>Answers failures as the embedded host does.</summary>
internal static class Answers
{
    public static async Task<IResult> AnswerAsync(this HttpRequest request, Func<Task<IResult>> handle)
    {
        try
        {
            return await handle();
        }
        catch (OperationCanceledException) when (request.HttpContext.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to be answered.
            return Results.Empty;
        }
        catch (BadHttpRequestException e)
        {
            return Results.StatusCode(e.StatusCode);
        }
        catch (StoreUnavailableException)
        {
            return Problem.Unavailable();
        }
        catch (Exception e)
        {
            request.HttpContext.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("FopWatch").RequestFailed(e);
            return Problem.Internal();
        }
    }

    public static string? Parameter(this HttpRequest request, string name) =>
        request.Query.TryGetValue(name, out var values) ? values.ToString() : null;
}
