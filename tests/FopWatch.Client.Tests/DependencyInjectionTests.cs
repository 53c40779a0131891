using FopWatch.Local.Tests.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace FopWatch.Client.Tests;

public sealed class DependencyInjectionTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task The_client_is_resolved_from_the_services_and_accepts_additional_handlers()
    {
        await using var host = await RunningHost.StartAsync();
        var log = new CapturedLog();
        var counting = new Counting();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        services.AddFopWatchClient(options => options.Url = host.Host.Url).AddHttpMessageHandler(() => counting);
        await using var provider = services.BuildServiceProvider();

        var client = provider.GetRequiredService<IFopWatchClient>();
        await client.RegisterAsync(new() { Source = "media", Id = "z0.1" }, Cancelled);
        await client.GetAsync("media", "z0.1", Cancelled);

        Assert.Equal(2, counting.Requests);
        Assert.DoesNotContain("z0.1", log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invalid_options_stop_the_application_at_startup_and_every_problem_is_named()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddFopWatchClient(options => (options.ApiKey, options.RetryFor) = ("", TimeSpan.FromDays(2)));
        using var application = builder.Build();

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => application.StartAsync(Cancelled));

        Assert.Equal(3, refused.Failures.Count());
        Assert.Contains("Url is missing.", refused.Message, StringComparison.Ordinal);
    }

    private sealed class Counting : DelegatingHandler
    {
        public int Requests { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests++;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
