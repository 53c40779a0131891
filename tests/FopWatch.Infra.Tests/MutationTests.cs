using Xunit.Sdk;

namespace FopWatch.Infra.Tests;

/// <summary>The checks find what they are for: infra/ with a fault for each of them passes none.</summary>
public sealed class MutationTests
{
    private static readonly Lazy<Task<Deployment>> Mutant = new(async () =>
    {
        using var compiler = new Compiler();
        return await compiler
            .Change("modules/alerts.bicep", "where Name == 'fopwatch.outbox.age'", "where Name == 'fopwatch.outbox.old'")
            .Change("workbook.json", "Answer = tostring(Properties.answer)", "Answer = tostring(Properties.reply)")
            .Change("main.bicep", "'Storage Queue Data Contributor', ", "")
            .Change("main.bicep", "properties: { state: 'expired' }", "properties: { status: 'expired' }")
            .Change("modules/servicebus.bicep", "deadLetteringOnMessageExpiration: true", "deadLetteringOnMessageExpiration: false")
            .Change("modules/servicebus.bicep", "disableLocalAuth: true", "disableLocalAuth: false")
            .Change("modules/functions.bicep", "__Poll__First'", "__Poll__Frist'")
            .Change("modules/functions.bicep", "secrets/${name}/)", "secrets/${name}/1)")
            .Change("modules/functions.bicep", "version: '10.0'", "version: '9.0'")
            .Change("modules/functions.bicep", "http20Enabled: true", "http20Enabled: true\n      ftpsState: 'Disabled'")
            .With(Deployments.Least, Deployments.Variants[Deployments.Least] + """

                param sources = [{ name: 'media', provider: 'Qiniu', notifyTokenSecrets: ['media-token-1'], poll: { first: '00:01:00' } }]
                """)
            .DeployAsync(Deployments.Least);
    });

    private static readonly Lazy<Task<Deployment>> ClosedMutant = new(async () =>
    {
        using var compiler = new Compiler();
        return await compiler
            .Change("modules/front.bicep", "    logScrubbing: {\n      state: 'Enabled'", "    logScrubbing: {\n      state: 'Disabled'")
            .Change("modules/functions.bicep", "FopWatch__ApiUrl: linkUrl", "FopWatch__ApiUrl: url")
            .Change("modules/functions.bicep", "AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'", "AZURE_TOKEN_CREDENTIALS: 'dev'")
            .Change("modules/functions.bicep", "perInstanceConcurrency: httpConcurrency", "perInstanceConcurrency: 17")
            .Change("modules/servicebus.bicep", "resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {\n  name: 'keep'\n  scope: namespace", "resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (isLocked) {\n  name: 'keep'\n  scope: topic")
            .With(Deployments.Private, Deployments.Variants[Deployments.Private] + "\nparam deleteLocks = true\n")
            .DeployAsync(Deployments.Private);
    });

    [Fact]
    public Task A_log_with_tokens_is_found() => FindsAsync(NetworkTests.CheckFront, "Disabled", ClosedMutant);

    [Fact]
    public Task Links_that_lead_nowhere_are_found() => FindsAsync(SettingsTests.CheckLinks, "azurefd.net", ClosedMutant);

    [Fact]
    public Task A_credential_of_developers_is_found() => FindsAsync(SettingsTests.CheckPlatform, "dev", ClosedMutant);

    [Fact]
    public Task Calls_that_keep_notifications_waiting_are_found() => FindsAsync(DeploymentTests.CheckConcurrency, "17 requests", ClosedMutant);

    [Fact]
    public Task Data_that_can_be_deleted_at_once_is_found() => FindsAsync(DeploymentTests.CheckLocks, "namespaces", ClosedMutant);

    [Fact]
    public Task A_metric_that_the_app_does_not_have_is_found() => FindsAsync(MetricTests.CheckAlerts, "fopwatch.outbox.old");

    [Fact]
    public Task A_tag_that_a_metric_does_not_have_is_found() => FindsAsync(MetricTests.CheckCharts, "reply");

    [Fact]
    public Task A_role_that_is_missing_is_found() => FindsAsync(RoleTests.Check, "Storage Queue Data Contributor");

    [Fact]
    public Task A_property_that_is_not_published_is_found() => FindsAsync(FilterTests.Check, "status");

    [Fact]
    public Task Messages_that_would_be_lost_are_found() => FindsAsync(FilterTests.CheckDelivery, "True");

    [Fact]
    public Task A_key_that_lets_in_is_found() => FindsAsync(RoleTests.CheckKeys, "True");

    [Fact]
    public Task A_secret_of_one_version_is_found() => FindsAsync(SettingsTests.CheckSecrets, "null");

    [Fact]
    public Task A_runtime_that_the_app_is_not_built_for_is_found() => FindsAsync(DeploymentTests.CheckApp, "9.0");

    [Fact]
    public Task A_site_property_that_Flex_Consumption_refuses_is_found() => FindsAsync(DeploymentTests.CheckSite, "ftpsState");

    [Theory]
    [InlineData("runs-on: ${{ inputs.environment == 'production' && vars.DEPLOY_RUNNER || 'ubuntu-24.04' }}", "runs-on: ubuntu-24.04")]
    [InlineData("azd deploy functions --from-package \"$RUNNER_TEMP/functions.zip\" --no-prompt", "azd deploy functions --no-prompt")]
    [InlineData("run: infra/tokens.sh", "run: 'true'")]
    [InlineData("https://$FUNCTION_APP_HOST/health/ready", "https://$FUNCTION_APP_HOST/health/live")]
    [InlineData("          exit 1\n", "")]
    [InlineData("az bicep install --version", "az bicep install #")]
    public void A_workflow_that_would_deploy_wrongly_is_found(string from, string to)
    {
        var right = Repository.Text(WorkflowTests.Deploy);
        var at = right.LastIndexOf(from, StringComparison.Ordinal);
        Assert.True(at >= 0);
        Assert.ThrowsAny<XunitException>(() => WorkflowTests.Check(string.Concat(right.AsSpan(0, at), to, right.AsSpan(at + from.Length))));
    }

    [Fact]
    public async Task A_setting_that_the_code_does_not_read_is_found()
    {
        var deployment = await Mutant.Value;
        var wrong = Assert.Throws<Settings.SettingsException>(() => SettingsTests.Check(deployment));
        Assert.Contains("Poll:Frist", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expression_that_Azure_alone_could_evaluate_is_found()
    {
        using var compiler = new Compiler();
        compiler.Change("modules/identity.bicep", "name: name", "name: '${name}${subscription().displayName}'");
        await Assert.ThrowsAsync<FormatException>(() => compiler.DeployAsync(Deployments.Development));
    }

    private static async Task FindsAsync(Action<Deployment> check, string what, Lazy<Task<Deployment>>? mutant = null)
    {
        var deployment = await (mutant ?? Mutant).Value;
        var failure = Assert.ThrowsAny<XunitException>(() => check(deployment));
        Assert.Contains(what, failure.Message, StringComparison.OrdinalIgnoreCase);
    }
}
