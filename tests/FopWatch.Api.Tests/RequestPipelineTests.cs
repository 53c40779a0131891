using FopWatch.Settings;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Api.Tests;

/// <summary>Requests that the pipeline refuses before they reach an endpoint.</summary>
public sealed class RequestPipelineTests : IAccessGuard
{
    private static readonly OpenToAllAttribute OpenToAll = new();

    private Caller? _caller;

    public static TheoryData<RequestKind> Kinds => [.. Enum.GetValues<RequestKind>()];

    IReadOnlyList<string> IAccessGuard.KeyParameters => [];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_kind_of_request_needs_a_key_unless_its_endpoint_is_public(RequestKind kind)
    {
        Assert.Equal(StatusCodes.Status401Unauthorized, await AnswerAsync("", new AdmittedAsAttribute(kind)));
        Assert.Equal(StatusCodes.Status200OK, await AnswerAsync("", new AdmittedAsAttribute(kind), OpenToAll));
        Assert.Equal(StatusCodes.Status200OK, await AnswerAsync("?any=1&any=2", new AdmittedAsAttribute(kind), OpenToAll));
    }

    [Theory]
    [InlineData(KeyRights.Read, null, KeyRights.Read, false, StatusCodes.Status200OK)]
    [InlineData(KeyRights.Read, null, KeyRights.Write, false, StatusCodes.Status403Forbidden)]
    [InlineData(KeyRights.Read, null, KeyRights.Read, true, StatusCodes.Status200OK)]
    [InlineData(KeyRights.Write, null, KeyRights.Write, true, StatusCodes.Status200OK)]
    [InlineData(KeyRights.Write, "media", KeyRights.Read, true, StatusCodes.Status403Forbidden)]
    [InlineData(KeyRights.Write, "media", KeyRights.Write, false, StatusCodes.Status200OK)]
    public async Task A_caller_needs_the_right_that_the_endpoint_names(KeyRights has, string? source, KeyRights needs, bool everySource, int status)
    {
        _caller = new(new("ops", has, source is null ? null : [source]));

        Assert.Equal(status, await AnswerAsync("", new NeedsAttribute(needs) { EverySource = everySource }));
    }

    [Fact]
    public async Task An_endpoint_without_a_right_is_refused_to_everyone()
    {
        _caller = Caller.Unrestricted;

        Assert.Equal(StatusCodes.Status403Forbidden, await AnswerAsync(""));
    }

    [Fact]
    public async Task Every_route_is_public_or_names_its_right()
    {
        await using var routes = new MappedRoutes(_ => Task.CompletedTask);

        Assert.NotEmpty(routes.Endpoints);
        Assert.All(routes.Endpoints, endpoint => Assert.True(
            endpoint.Metadata.GetMetadata<OpenToAllAttribute>() is not null ^ endpoint.Metadata.GetMetadata<NeedsAttribute>() is not null,
            $"{endpoint.DisplayName} has to have either OpenToAll or Needs."));
    }

    Caller? IAccessGuard.CallerOf(HttpRequest request) => _caller;

    IResult IAccessGuard.Refusal(HttpRequest request) => TypedResults.Unauthorized();

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
