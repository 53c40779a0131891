namespace FopWatch.Functions.Tests.Running;

/// <summary>Runs the cloud host's load program for moments, to see that it still measures, not what.</summary>
[Collection(nameof(KilledHostTests))]
public class CloudLoadTests
{
    public static bool IsHostGiven => FunctionsHost.IsGiven;

    [Fact(Timeout = 15 * 60_000, SkipUnless = nameof(IsHostGiven), Skip = FunctionsHost.NoHost)]
    public async Task Every_row_has_its_figures_and_nothing_fails()
    {
        var run = await LoadProgram.RunAsync("FopWatch.Load.Functions.dll", "--seconds", "2", "--warm-up", "2");

        run.HasAllFigures("Cloud host: durable intake on Azurite", "Cloud host: notification to message", "Cloud host: requests to storage");
    }
}
