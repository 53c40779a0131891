using FopWatch.Azure.Tables;
using FopWatch.Functions.Starting;
using FopWatch.Settings;
using Microsoft.Extensions.Configuration;

namespace FopWatch.Functions.Tests;

/// <summary>How the app starts, and what it reports if it cannot.</summary>
public class StartingTests
{
    private const string NoKey = "00000000-0000-0000-0000-000000000000";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_store_that_cannot_be_opened_is_named_and_retried_until_it_can()
    {
        await using var azurite = await Azurite.StartAsync();
        await azurite.KillAsync();
        var readiness = new Readiness(TimeProvider.System);
        using var opening = new OpenStore(Cloud(azurite, buckets: 2), readiness, TimeProvider.System);

        await opening.StartAsync(Cancelled);
        Assert.False(await readiness.IsReadyAsync(Cancelled));
        Assert.Equal(("store", "Table Storage cannot answer now: it cannot be reached."), (readiness.Obstacles[0].Element, readiness.Obstacles[0].Detail));
        Assert.Throws<Jobs.StoreUnavailableException>(() => opening.Store);

        await azurite.RestartAsync();
        while (!await readiness.IsReadyAsync(Cancelled))
            await Task.Delay(50, Cancelled);
        Assert.Equal(0, (await opening.Store.Outbox.DepthAsync(Cancelled)).Count);
        await opening.StopAsync(Cancelled);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_table_with_another_layout_is_named_and_does_not_end_the_app()
    {
        await using var azurite = await Azurite.StartAsync();
        await TableStore.CreateAsync(azurite.Client(), Cloud(azurite, buckets: 3).Table, TimeProvider.System, Cancelled);
        var readiness = new Readiness(TimeProvider.System);
        using var opening = new OpenStore(Cloud(azurite, buckets: 2), readiness, TimeProvider.System);

        await opening.StartAsync(Cancelled);

        Assert.False(await readiness.IsReadyAsync(Cancelled));
        Assert.Contains("is laid out in 3 buckets and the settings say 2", readiness.Obstacles[0].Detail, StringComparison.Ordinal);
        Assert.False(opening.ExecuteTask!.IsCompleted);
        await opening.StopAsync(Cancelled);
    }

    [Fact]
    public async Task Calls_wait_for_the_first_attempt_to_open_the_store_up_to_their_limit()
    {
        var time = new ManualTimeProvider();
        var readiness = new Readiness(time);
        var first = readiness.IsReadyAsync(Cancelled).AsTask();
        Assert.False(first.IsCompleted);
        readiness.Ready();
        Assert.True(await first);

        readiness = new Readiness(time);
        var second = readiness.IsReadyAsync(Cancelled).AsTask();
        time.Advance(Readiness.LongestWait - TimeSpan.FromMilliseconds(1));
        Assert.False(second.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(await second);

        // Later ones do not wait.
        var third = readiness.IsReadyAsync(Cancelled);
        Assert.True(third.IsCompleted);
        Assert.False(await third);

        readiness = new Readiness(time);
        readiness.NotReady([new("store", $"It answered 503.")]);
        Assert.False(await readiness.IsReadyAsync(Cancelled));
    }

    [Fact]
    public void Obstacles_to_the_start_are_logged_once_a_minute()
    {
        var time = new ManualTimeProvider();
        var readiness = new Readiness(time);

        Assert.Equal((true, false), (readiness.IsToBeLogged(), readiness.IsToBeLogged()));
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(readiness.IsToBeLogged());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((true, false), (readiness.IsToBeLogged(), readiness.IsToBeLogged()));
    }

    [Fact]
    public void Wrong_settings_are_named_one_by_one_and_an_unexpected_failure_without_its_message()
    {
        var wrong = Composition.ObstaclesOf(new SettingsException(["FopWatch:PublicUrl is not a URL", "FopWatch:Nonsense is not a setting"]));
        Assert.Equal(["FopWatch:PublicUrl", "FopWatch:Nonsense"], wrong.Select(obstacle => obstacle.Element));

        var unexpected = Assert.Throws<FormatException>(() => Guid.Parse("secret-value"));
        var obstacle = Assert.Single(Composition.ObstaclesOf(unexpected));
        Assert.StartsWith("The app cannot start: FormatException in System.", obstacle.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-value", obstacle.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("InstrumentationKey=")]
    [InlineData("IngestionEndpoint=https://example.com/")]
    [InlineData($"InstrumentationKey={NoKey};IngestionEndpoint=example")]
    public void An_invalid_connection_string_of_Application_Insights_is_named(string text)
    {
        var problems = Assert.Throws<SettingsException>(() => ReadableSettings.Read(("APPLICATIONINSIGHTS_CONNECTION_STRING", text))).Problems;

        Assert.Equal("APPLICATIONINSIGHTS_CONNECTION_STRING is not a connection string of Application Insights", Assert.Single(problems));
        Assert.NotNull(ReadableSettings.Read(("APPLICATIONINSIGHTS_CONNECTION_STRING", $"InstrumentationKey={NoKey};IngestionEndpoint=https://example.com/;")));
    }

    /// <summary>Anything may be pasted into the wrong setting.</summary>
    [Theory]
    [InlineData("AzureWebJobsStorage")]
    [InlineData("APPLICATIONINSIGHTS_CONNECTION_STRING")]
    [InlineData("FopWatch:ServiceBus:Namespace")]
    [InlineData("FopWatch:ServiceBus:ConnectionString")]
    [InlineData("FopWatch:Tables:ServiceUri")]
    [InlineData("FopWatch:Tables:Name")]
    [InlineData("FopWatch:PublicUrl")]
    [InlineData("FopWatch:ApiUrl")]
    [InlineData("FopWatch:Sources:media:StatusEndpoint")]
    [InlineData("FopWatch:Sources:media:NotifyTokens:0")]
    public void The_report_of_a_wrong_setting_does_not_repeat_a_secret(string name)
    {
        const string Secret = "Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=c2VjcmV0";

        var failure = Assert.Throws<SettingsException>(() => ReadableSettings.Read((name, Secret)));

        Assert.Contains(failure.Problems, problem => problem.StartsWith(name.Split(':')[0], StringComparison.Ordinal));
        Assert.DoesNotContain("c2VjcmV0", failure.Message, StringComparison.Ordinal);
    }

    private static CloudSettings Cloud(Azurite azurite, int buckets) => ReadableSettings.Read() with
    {
        Tables = azurite.Client(),
        Table = new() { TableName = "fopwatch", Buckets = buckets },
    };
}
