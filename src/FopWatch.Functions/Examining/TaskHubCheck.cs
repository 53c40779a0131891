using FopWatch.Diagnosis;
using FopWatch.Functions.Watching;
using FopWatch.Wording;

namespace FopWatch.Functions.Examining;

/// <summary>Checks that the task hub answers. Queries a watch that does not exist, which reads the hub's tables, and starts none.</summary>
/// <param name="client">The client of this invocation.</param>
internal sealed class TaskHubCheck(InvocationClient client) : IDoctorCheck
{
    private const string NoWatch = "fopwatch-doctor:no-watch";

    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);

    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.TaskHub, null, ExamineAsync) { TooSlow = _ => Trouble($"The task hub does not answer.") }];

    private async Task<IReadOnlyList<DoctorFinding>> ExamineAsync(CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            await client.Client.GetInstanceAsync(NoWatch, getInputsAndOutputs: false, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // The exceptions depend on the Functions host, and may name the storage account.
            return [Trouble($"The task hub cannot be queried ({e.GetType().Name}).")];
        }

        var took = TimeProvider.System.GetElapsedTime(began);
        return
        [
            took < Slow
                ? Finding(DoctorLevel.Pass, $"The task hub answers, in {took.TotalMilliseconds:0} ms.", null, null)
                : Finding(
                    DoctorLevel.Warning, $"The task hub took {took.TotalSeconds:0.0} s to answer.", $"Watches start late, and polls are late.",
                    $"Check that the storage account of AzureWebJobsStorage is in the region of the app, and whether it throttles requests."),
        ];
    }

    private static DoctorFinding Trouble(Sentence what) => Finding(
        DoctorLevel.Trouble, what, $"Watches do not start or continue, so the outcomes of lost notifications are found late.",
        $"Check AzureWebJobsStorage: the identity of the app needs Storage Blob Data Owner, Storage Queue Data Contributor and Storage Table Data Contributor on that account. Then restart the app.");

    private static DoctorFinding Finding(DoctorLevel level, Sentence what, Sentence? why, Sentence? fix) =>
        new() { Check = DoctorCheck.TaskHub, Level = level, What = what, Why = why, Fix = fix };
}
