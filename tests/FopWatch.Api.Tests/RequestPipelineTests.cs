using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Api.Tests;

/// <summary>Which requests the pipeline refuses before their endpoint.</summary>
public sealed class RequestPipelineTests : IAccessGuard
{
    private static readonly OpenToAllAttribute OpenToAll = new();

    public static TheoryData<RequestKind> Kinds => [.. Enum.GetValues<RequestKind>()];

    IReadOnlyList<string> IAccessGuard.KeyParameters => [];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_request_needs_a_key_whatever_its_kind_unless_its_endpoint_is_open_to_all(RequestKind kind)
    {
        Assert.Equal(StatusCodes.Status401Unauthorized, await AnswerAsync("", new AdmittedAsAttribute(kind)));
        Assert.Equal(StatusCodes.Status200OK, await AnswerAsync("", new AdmittedAsAttribute(kind), OpenToAll));
        Assert.Equal(StatusCodes.Status200OK, await AnswerAsync("?any=1&any=2", new AdmittedAsAttribute(kind), OpenToAll));
    }

    IResult? IAccessGuard.Refusal(HttpRequest request) => TypedResults.Unauthorized();

    private async Task<int> AnswerAsync(string query, params object[] metadata)
    {
        await using var services = new ServiceCollection().AddLogging().BuildServiceProvider();
        var context = new DefaultHttpContext { Request = { QueryString = new(query) }, RequestServices = services };
        context.SetEndpoint(new RouteEndpoint(_ => Task.CompletedTask, RoutePatternFactory.Parse("/any"), 0, new(metadata), null));
        using var admission = new Admission(TimeProvider.System, NullLogger<Admission>.Instance);
        await new RequestPipeline(_ => Task.CompletedTask, this, admission, failures: null!).InvokeAsync(context);
        return context.Response.StatusCode;
    }
}
