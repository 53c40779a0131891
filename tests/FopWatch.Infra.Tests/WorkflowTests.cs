using System.Text.RegularExpressions;

namespace FopWatch.Infra.Tests;

/// <summary>The deployment workflow: its steps, in an order that works, on a runner that reaches what they need.</summary>
public sealed class WorkflowTests
{
    internal const string Build = ".github/workflows/build.yml";

    internal const string Deploy = ".github/workflows/deploy.yml";

    private const string PinnedBicep = "az bicep install --version \"v$(sed -n 's:.*<BicepVersion>\\(.*\\)</BicepVersion>.*:\\1:p' Directory.Packages.props)\"";

    [Fact]
    public void The_workflow_creates_tokens_then_deploys_its_package_and_checks_that_the_app_is_ready() =>
        Check(Repository.Text(Deploy));

    [Fact]
    public void Every_workflow_compiles_with_the_version_that_the_tests_use()
    {
        var installs = Directory.EnumerateFiles(Repository.PathOf(".github/workflows"), "*.yml")
            .SelectMany(path => Repository.Find(File.ReadAllText(path), "(az bicep install.*)")).ToList();
        Assert.NotEmpty(installs);
        Assert.All(installs, one => Assert.Equal(PinnedBicep, one));

        var pattern = "<BicepVersion>(.*)</BicepVersion>";
        Assert.Matches(@"^\d+\.\d+\.\d+$", Assert.Single(Repository.Find(Repository.Text("Directory.Packages.props"), pattern)));
    }

    [Fact]
    public void The_build_of_every_push_accepts_no_compiler_warning() => CheckBuild(Repository.Text(Build));

    internal static void CheckBuild(string workflow) =>
        Assert.Single(Repository.Find(workflow, @"\n {10}(! grep -E '\(Warning\|Error\) .*bicep\.log"")\n"));

    [Fact]
    public async Task The_outputs_that_the_workflow_reads_exist()
    {
        var outputs = (await Deployments.OfAsync(Deployments.Production)).Outputs;
        var read = Assert.Single(Repository.Find(Repository.Text(Deploy), "for name in ([A-Z_ ]+); do")).Split(' ');
        Assert.All(read, name => Assert.True(outputs.ContainsKey(name), name));
        var used = Repository.Find(Repository.Text(Deploy) + Repository.Text("infra/tokens.sh") + Repository.Text("infra/ready.sh"), @"\$\{?((?:FUNCTION_APP|KEY_VAULT)_[A-Z]+|[A-Z]+_SECRETS)\b");
        Assert.All(used, name => Assert.Contains(name, read));
    }

    internal static void Check(string workflow)
    {
        var deploy = workflow[workflow.IndexOf("\n  deploy:\n", StringComparison.Ordinal)..];
        Assert.Contains("runs-on: ${{ inputs.environment == 'production' && vars.DEPLOY_RUNNER ||", deploy, StringComparison.Ordinal);
        var steps = Regex.Split(deploy, "\n      - name: ").Skip(1).ToDictionary(step => step[..step.IndexOf('\n')]);
        Assert.Equal(["Bicep", "Package", "Infrastructure", "Tokens", "App", "Ready"], Repository.Find(deploy, "- name: (.*)"));

        Assert.Contains(PinnedBicep, steps["Bicep"], StringComparison.Ordinal);
        Assert.Contains("azd package functions --output-path \"$RUNNER_TEMP/functions.zip\"", steps["Package"], StringComparison.Ordinal);
        Assert.Contains("run: infra/tokens.sh", steps["Tokens"], StringComparison.Ordinal);
        Assert.Contains("azd deploy functions --from-package \"$RUNNER_TEMP/functions.zip\"", steps["App"], StringComparison.Ordinal);

        // With the deployed package, for the names of its functions.
        Assert.Contains("FUNCTIONS_PACKAGE: ${{ runner.temp }}/functions.zip", steps["Ready"], StringComparison.Ordinal);
        Assert.EndsWith("\n        run: infra/ready.sh\n", steps["Ready"], StringComparison.Ordinal);
    }
}
