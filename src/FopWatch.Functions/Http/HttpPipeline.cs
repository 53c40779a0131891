using FopWatch.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Functions.Http;

/// <summary>The HTTP surface of both hosts, which runs inside functions.</summary>
/// <param name="services">The services of the app. Handlers get those of the invocation.</param>
public sealed class HttpPipeline(IServiceProvider services)
{
    private readonly RequestDelegate _answer = new ApplicationBuilder(services).UseFopWatch().Build();

    /// <summary>Answers a request.</summary>
    /// <returns>Nothing for the Functions worker to add.</returns>
    public async Task<IResult> AnswerAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);

        // The worker has routed to the function. This routes on.
        context.SetEndpoint(null);
        context.Request.RouteValues.Clear();
        await _answer(context);
        return Results.Empty;
    }
}
