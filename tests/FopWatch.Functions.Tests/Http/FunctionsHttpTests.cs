using System.Text.Json;
using FopWatch.Azure.Tests;
using FopWatch.Contract.Tests.Http;
using Microsoft.Azure.Functions.Worker;

namespace FopWatch.Functions.Tests.Http;

/// <summary>What every host answers, by the functions behind the routes of their triggers.</summary>
public sealed class FunctionsHttpTests(FunctionsHttpTests.OwnAzurite azurite) : HttpContract, IClassFixture<FunctionsHttpTests.OwnAzurite>
{
    [Fact]
    public async Task Every_route_but_the_event_stream_and_the_metrics_is_in_the_openapi_document_and_the_other_way_round()
    {
        await using var host = await StartAsync();
        using var document = JsonDocument.Parse(await host.Http.GetStringAsync("/openapi.json", Cancelled));

        var documented = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject()
                .Where(operation => operation.Name is "get" or "post" or "delete" or "put")
                .Select(operation => $"{operation.Name} {path.Name}"))
            .Where(operation => operation is not ("get /events" or "get /metrics"));
        Assert.All(FunctionsPipeline.Functions, function => Assert.Equal(function.Trigger.Methods!.Contains("get"), function.Trigger.Methods!.Contains("head")));
        var routes = FunctionsPipeline.Functions.SelectMany(function => function.Trigger.Methods!.Where(method => method != "head").Select(method => $"{method} /{function.Trigger.Route}"))
            .SelectMany(route => route.EndsWith("/{correlation?}", StringComparison.Ordinal)
                ? [route.Replace("/{correlation?}", "", StringComparison.Ordinal), route.Replace("?}", "}", StringComparison.Ordinal)]
                : (string[])[route]);

        // What begins with a notify URL and goes on is no route of its own.
        routes = routes.Where(route => route != "post /api/notify/{*rest}");
        Assert.Equal(documented.Order(StringComparer.Ordinal), routes.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_route_but_notify_needs_a_function_key()
    {
        Assert.All(FunctionsPipeline.Functions, function => Assert.Equal(
            function.Trigger.Route!.StartsWith("api/notify/", StringComparison.Ordinal) ? AuthorizationLevel.Anonymous : AuthorizationLevel.Function,
            function.Trigger.AuthLevel));
    }

    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());

    /// <summary>One that these tests may stop, and that no others use.</summary>
    public sealed class OwnAzurite : IAsyncDisposable
    {
        private Azurite? _azurite;

        public async Task<Azurite> StartedAsync() => _azurite ??= await Azurite.StartAsync();

        public async ValueTask DisposeAsync()
        {
            if (_azurite is not null)
                await _azurite.DisposeAsync();
        }
    }
}

/// <summary>What every host answers to those who act on jobs, by the functions behind the routes of their triggers.</summary>
public sealed class FunctionsActingTests(FunctionsHttpTests.OwnAzurite azurite) : ActingContract, IClassFixture<FunctionsHttpTests.OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}

/// <summary>What every host makes of unusual and wrong requests, by the functions behind the routes of their triggers.</summary>
public sealed class FunctionsErrorTests(FunctionsHttpTests.OwnAzurite azurite) : ErrorContract, IClassFixture<FunctionsHttpTests.OwnAzurite>
{
    protected override async Task<ServedHost> StartAsync() => await FunctionsPipeline.StartAsync(await azurite.StartedAsync());
}
